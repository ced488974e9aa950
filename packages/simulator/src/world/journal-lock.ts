/**
 * Keeps a second process from opening the same journal. The lock is a listening local socket, so it dies with its
 * process however that ends, and a file left behind is recognised because nobody answers on it.
 */
import { createHash } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export class JournalLock {
  private constructor(private readonly server: Server) {}

  /** Takes the lock of a journal file; rejects when another process holds it. */
  static async take(journalPath: string): Promise<JournalLock> {
    const name = createHash('sha256').update(resolve(journalPath)).digest('hex').slice(0, 24);
    const path =
      process.platform === 'win32' ? `\\\\.\\pipe\\sandbox-${name}` : join(tmpdir(), `sandbox-journal-${name}.lock`);
    const server = await listenOn(path);
    if (server !== undefined) return new JournalLock(server);
    if (await answers(path)) {
      throw new Error(`Another sandbox uses the journal ${journalPath} already. Stop it or use another journal.`);
    }
    unlinkSync(path);
    const second = await listenOn(path);
    if (second === undefined) throw new Error(`The lock of the journal ${journalPath} cannot be taken. Try again.`);
    return new JournalLock(second);
  }

  release(): Promise<void> {
    return new Promise((done) => {
      this.server.close(() => done());
    });
  }
}

/** Listens on a local socket; undefined when the address is taken. */
function listenOn(path: string): Promise<Server | undefined> {
  return new Promise((done, fail) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') done(undefined);
      else fail(error);
    });
    server.listen(path, () => done(server));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
