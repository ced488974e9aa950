import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What a clone does not have. */
const NOT_CLONED = new Set(['node_modules', 'dist', 'data', 'coverage', '.git', '.trunkline']);

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** A checkout as somebody has it who cloned it a moment ago, with a home of their own and the package cache of this machine. */
export class FreshCheckout {
  readonly folder: string;
  readonly path: string;
  readonly home: string;
  /** Null when the tests run as an ordinary user, who is then the newcomer. */
  readonly user: User | null;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'trunkline-start-'));
    // Others may enter, as they may where people usually keep software.
    chmodSync(this.folder, 0o755);
    this.path = join(this.folder, 'trunkline');
    this.home = join(this.folder, 'home');
    this.user = process.getuid?.() === 0 ? userNamed('nobody') : null;
    cpSync(ROOT, this.path, { recursive: true, filter: (source) => !NOT_CLONED.has(basename(source)) });
    mkdirSync(join(this.home, '.npm'), { recursive: true });
    this.#copyPackageCache();
    this.#giveAway(this.folder);
  }

  /** Processes that run from this folder or on data below it. */
  processes(): string[] {
    if (process.platform !== 'linux') {
      const all = execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' }).split('\n');
      return all.filter((line) => line.includes(this.folder));
    }
    return readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
      .map((pid) => `${pid} ${readCommandLine(pid)}`)
      .filter((line) => line.includes(this.folder));
  }

  remove(): void {
    execFileSync('rm', ['-rf', this.folder]);
  }

  /** An ordinary user has a cache already; the newcomer of a test that runs as root gets a copy of root's. */
  #copyPackageCache(): void {
    const cache = execFileSync('npm', ['config', 'get', 'cache'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const packages = join(cache.trim(), '_cacache');
    // By the system's own tool: these are thousands of files.
    if (existsSync(packages)) execFileSync('cp', ['-R', packages, join(this.home, '.npm')]);
  }

  #giveAway(path: string): void {
    if (this.user !== null) execFileSync('chown', ['-R', `${this.user.uid}:${this.user.gid}`, path]);
  }
}

/** A user that every Linux and macOS has. */
export function userNamed(name: 'nobody' | 'daemon'): User {
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function readCommandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
