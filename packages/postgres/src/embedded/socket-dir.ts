/** The directory of the server's unix socket: private, and short enough for the kernel. */
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkReachable, EmbeddedFailure, giveTo, type RunAs } from './run-as.js';

/** Linux takes 107 bytes, macOS 103. */
const LONGEST_PATH = 103;
const SOCKET_NAME = '/.s.PGSQL.5432';

/** Makes the directory (mode 0700, owned by the server's user); below the data directory when the path is short enough. */
export function prepareSocketDir(dataDir: string, user: RunAs): string {
  const folder = chooseSocketDir(dataDir, user);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid } = lstatSync(folder);
  const me = process.getuid?.();
  // In a temporary directory somebody else may have made it first.
  if (!lstatSync(folder).isDirectory() || (me !== undefined && uid !== me && uid !== user.uid)) {
    throw new EmbeddedFailure(
      `${folder} belongs to somebody else; remove it, or choose a data directory with a shorter path`,
    );
  }
  giveTo(user, folder);
  chmodSync(folder, 0o700);
  return folder;
}

function chooseSocketDir(dataDir: string, user: RunAs): string {
  const near = join(dataDir, 'run');
  if (fits(near)) return near;
  const name = `trunkline-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`;
  for (const base of [realpathSync(tmpdir()), '/tmp']) {
    if (fits(join(base, name)) && reachable(user, base)) return join(base, name);
  }
  throw new EmbeddedFailure(`the path of ${dataDir} is too long for a unix socket; choose a shorter data directory`);
}

function fits(folder: string): boolean {
  return Buffer.byteLength(folder + SOCKET_NAME) <= LONGEST_PATH;
}

function reachable(user: RunAs, folder: string): boolean {
  try {
    checkReachable(user, folder, 'look');
    return true;
  } catch {
    return false;
  }
}
