/** What runs on a data directory: read from the files of PostgreSQL and from the process table. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly socketDir: string;
}

/** The server that is running on the directory, or null. A leftover file whose process is gone or is another one counts as null. */
export function findPostmaster(serverDir: string): Postmaster | null {
  const noted = readNote(serverDir);
  return noted !== null && belongsTo(noted.pid, serverDir) ? noted : null;
}

/** Every process of that server, also backends that outlived a killed postmaster. Only known on Linux. */
export function serverProcesses(serverDir: string): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => belongsTo(pid, serverDir));
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function readNote(serverDir: string): Postmaster | null {
  let lines: string[];
  try {
    lines = readFileSync(join(serverDir, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return null;
  }
  const pid = Number(lines[0]);
  return Number.isInteger(pid) && pid > 1 ? { pid, port: Number(lines[3]), socketDir: lines[4] ?? '' } : null;
}

/** Process ids are reused, so a living id proves nothing. Every PostgreSQL process works in its data directory. */
function belongsTo(pid: number, serverDir: string): boolean {
  if (process.platform === 'linux') {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === serverDir;
    } catch {
      return false;
    }
  }
  if (process.platform === 'win32') return isAlive(pid);
  const command = spawnSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).stdout ?? '';
  return command.includes('postgres') && command.includes(serverDir);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
