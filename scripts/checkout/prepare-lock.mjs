import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { inCheckout, Stop } from './paths.mjs';

const folder = inCheckout('.trunkline');
const path = inCheckout('.trunkline', 'prepare.pid');
const GIVE_UP_AFTER_MS = 15 * 60_000;

/** Runs a step that changes the checkout while no other process changes it; a second one waits for the first. */
export async function alone(step) {
  mkdirSync(folder, { recursive: true });
  await take();
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await step();
  } finally {
    process.off('exit', release);
    release();
  }
}

async function take() {
  const deadline = Date.now() + GIVE_UP_AFTER_MS;
  let told = false;
  while (true) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (['EACCES', 'EPERM'].includes(error.code)) {
        throw new Stop(`${folder} belongs to another user, who prepared this checkout. Prepare it as that user.`);
      }
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = readHolder();
    if (holder !== null && !isAlive(holder)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) console.error(`trunkline: waiting for process ${holder ?? '(unknown)'}, which prepares this checkout`);
    told = true;
    if (Date.now() > deadline) throw new Stop(`another process prepares this checkout for too long. Delete ${path}.`);
    await sleep(250);
  }
}

/** Null while the other process has made the file and not yet written its number. */
function readHolder() {
  try {
    return Number(readFileSync(path, 'utf8')) || null;
  } catch {
    return null;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
