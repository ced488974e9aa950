/** Which user runs the embedded server. PostgreSQL refuses root, so root hands it to an ordinary user. */
import { chmodSync, chownSync, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The embedded server cannot be used here; the message is one sentence that says what to do. */
export class EmbeddedFailure extends Error {
  override readonly name = 'EmbeddedFailure';
}

/** Null ids: the same user as this process. */
export interface RunAs {
  readonly uid: number | null;
  readonly gid: number | null;
  readonly name: string;
}

const SAME: RunAs = { uid: null, gid: null, name: 'this user' };
const UNPRIVILEGED = 'nobody';

/** The user for this data directory: its owner when it exists, `nobody` when it does not, ourselves unless we are root. */
export function chooseUser(serverDir: string): RunAs {
  const me = process.getuid?.();
  if (me === undefined) return SAME;
  const owner = existsSync(serverDir) ? statSync(serverDir) : null;
  if (me !== 0) {
    if (owner === null || owner.uid === me) return SAME;
    throw new EmbeddedFailure(
      `${serverDir} belongs to user id ${owner.uid} and this process runs as ${me}; start as the user that made it, or give the directory to this one (chown -R)`,
    );
  }
  if (owner !== null && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid, name: `user id ${owner.uid}` };
  return findUnprivileged();
}

/** Options for child processes of that user. Nothing of our environment is passed on: it may hold secrets. */
export function runOptions(user: RunAs): { uid?: number; gid?: number; env: NodeJS.ProcessEnv } {
  const kept = ['PATH', 'SystemRoot', 'TEMP', 'TMP'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const env = { ...Object.fromEntries(kept), LC_ALL: 'C', TZ: 'UTC' };
  return user.uid === null || user.gid === null ? { env } : { uid: user.uid, gid: user.gid, env };
}

/** Gives a file or directory to that user. */
export function giveTo(user: RunAs, path: string): void {
  if (user.uid !== null && user.gid !== null) chownSync(path, user.uid, user.gid);
}

/** Throws when that user cannot walk to the data directory, which it must do for the server below it. */
export function checkReachable(user: RunAs, dataDir: string, mode: 'open' | 'look' = 'open'): void {
  if (user.uid === null) return;
  // A data directory is ours to open: what is secret in it has its own mode.
  const own = statSync(dataDir);
  if (mode === 'open' && !maySearch(user, own.uid, own.gid, own.mode)) chmodSync(dataDir, (own.mode & 0o777) | 0o011);
  for (let folder = dataDir; ; folder = dirname(folder)) {
    const entry = statSync(folder);
    if (!maySearch(user, entry.uid, entry.gid, entry.mode)) {
      throw new EmbeddedFailure(
        `the embedded PostgreSQL runs as ${user.name} and cannot enter ${folder}; choose a data directory that other users can reach (TRUNKLINE_DATA_DIR), or start as an ordinary user`,
      );
    }
    if (folder === dirname(folder)) return;
  }
}

function maySearch(user: RunAs, uid: number, gid: number, mode: number): boolean {
  if (uid === user.uid) return (mode & 0o100) !== 0;
  if (gid === user.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

function findUnprivileged(): RunAs {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${UNPRIVILEGED}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined || Number(uid) === 0) {
    throw new EmbeddedFailure(
      `PostgreSQL does not run as root and /etc/passwd has no user ${UNPRIVILEGED} to run it; start as an ordinary user, or set DATABASE_URL`,
    );
  }
  return { uid: Number(uid), gid: Number(gid), name: UNPRIVILEGED };
}
