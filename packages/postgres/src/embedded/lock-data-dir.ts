/** One owner per data directory. The lock dies with its process, however that dies. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';

/** Another process owns the data directory. */
export class DataDirTaken extends Error {
  override readonly name = 'DataDirTaken';
}

export interface DataDirLock {
  release(): Promise<void>;
}

/** Takes the lock or throws `DataDirTaken`. It holds on one host, which is where an embedded database may be used. */
export async function lockDataDir(dataDir: string): Promise<DataDirLock> {
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  const folder = realpathSync(dataDir);
  return process.platform === 'linux' ? lockBySocket(folder) : lockByFile(folder);
}

const ASK_MS = 500;

/** An abstract socket has no file: the kernel frees the name with the process. Who connects is told our process id. */
async function lockBySocket(folder: string): Promise<DataDirLock> {
  const name = `\0trunkline-${createHash('sha256').update(folder).digest('hex')}`;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(String(process.pid));
  });
  try {
    await listen(server, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw taken(folder, await askOwner(name));
  }
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
}

function askOwner(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.setTimeout(ASK_MS, () => socket.destroy());
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(/^\d+$/.test(answer) ? answer : null));
  });
}

/** Elsewhere: a file with our process id. One whose process is gone is taken over. */
async function lockByFile(folder: string): Promise<DataDirLock> {
  const file = join(folder, 'trunkline.lock');
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return { release: async () => rmSync(file, { force: true }) };
    } catch {
      const owner = readOwner(file);
      if (owner !== null && isAlive(owner)) throw taken(folder, String(owner));
      rmSync(file, { force: true });
    }
  }
  throw taken(folder, null);
}

function readOwner(file: string): number | null {
  try {
    return Number(readFileSync(file, 'utf8')) || null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function taken(folder: string, owner: string | null): DataDirTaken {
  const who = owner === null ? 'another Trunkline' : `another Trunkline (process ${owner})`;
  return new DataDirTaken(`${who} runs on the data directory ${folder}; stop it first, or choose another directory`);
}
