import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { inCheckout, root, Stop } from './paths.mjs';

/** Stamps lie in node_modules: what wipes the dependencies wipes what was remembered about them. */
const stampPath = (name) => inCheckout('node_modules', `.trunkline-${name}`);

/** What the step remembered when it last succeeded, or null. */
export function readStamp(name) {
  try {
    return readFileSync(stampPath(name), 'utf8');
  } catch {
    return null;
  }
}

/** Remembers that the step succeeded. Without the right to write, the check is merely made again next time. */
export function writeStamp(name, value) {
  try {
    writeFileSync(stampPath(name), value);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error;
  }
}

/** Stops when this user cannot change the checkout, which is fine as long as nothing has to be changed. */
export function requireWritable(why) {
  try {
    accessSync(root, constants.W_OK);
  } catch {
    throw new Stop(
      `${why}, and ${userName()} may not write to ${root}. Run "npm run build" there once as the owner, then start again.`,
    );
  }
}

function userName() {
  try {
    return `user ${userInfo().username}`;
  } catch {
    return `user ${process.getuid?.() ?? '(unknown)'}`;
  }
}
