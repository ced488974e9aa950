/** One embedded server: start, adopt, restart when it dies, stop. */
import type { Log } from '@trunkline/core';
import { errorMessage } from '../sql/database-error.js';
import { pause, until } from '../support/until.js';
import { type LaunchDeps, launchServer } from './launch-server.js';
import { chooseListening, ensureDatabase, type Listening, listeningUrl, probe } from './listening.js';
import { findPostmaster, type Postmaster } from './postmaster.js';
import { EmbeddedFailure } from './run-as.js';
import { serverLogFile } from './server-log.js';
import { stopServer } from './stop-server.js';

/** A running server may be recovering. */
const ANSWER_MS = 60_000;
/** After a kill the old processes need a moment to leave; until then a start is refused. */
const OLD_ONES_LEAVE_MS = 10_000;
const RETRY_MS = 100;
const CHECK_MS = 500;
const RESTART_PAUSE_MS = { first: 250, longest: 10_000 };
const STILL_THERE = /lock file .* already exists|pre-existing shared memory block/;

export class EmbeddedPostgres {
  readonly #stop = new AbortController();
  #listening: Listening | null = null;
  #supervision: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | null = null;

  constructor(private readonly deps: LaunchDeps & { readonly log: Log }) {}

  get url(): string {
    if (this.#listening === null) throw new Error('the embedded database was not started');
    return listeningUrl(this.#listening, this.deps.dataDir);
  }

  /** True when a running server was adopted. */
  async start(supervise: boolean): Promise<boolean> {
    const { adopted, listening } = await this.#bringUp();
    await ensureDatabase(listening, this.deps.dataDir);
    if (supervise) this.#supervision = this.#keepUp();
    return adopted;
  }

  isRunning(): boolean {
    return findPostmaster(this.deps.serverDir) !== null;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#shutDown();
    return this.#stopped;
  }

  async #shutDown(): Promise<void> {
    this.#stop.abort();
    await this.#supervision;
    await stopServer(this.deps);
  }

  /** Looks from time to time whether the server is there, and starts it again when it is not. */
  async #keepUp(): Promise<void> {
    const { serverDir, log } = this.deps;
    let pauseMs = RESTART_PAUSE_MS.first;
    for (;;) {
      await pause(CHECK_MS, this.#stop.signal, 'background');
      if (this.#stop.signal.aborted) return;
      if (findPostmaster(serverDir) !== null) continue;
      log.error('the embedded database died; starting it again');
      try {
        await this.#bringUp();
        log.info('embedded database is back');
        pauseMs = RESTART_PAUSE_MS.first;
      } catch (error) {
        log.error('the embedded database could not be started again', { error: errorMessage(error) });
        await pause(pauseMs, this.#stop.signal, 'background');
        pauseMs = Math.min(pauseMs * 2, RESTART_PAUSE_MS.longest);
      }
    }
  }

  /**
   * Adopts what runs, or starts. After a kill the old processes still hold the files for a moment, and another starter may
   * have been quicker, so a refused start looks again.
   */
  async #bringUp(): Promise<{ adopted: boolean; listening: Listening }> {
    const deadline = performance.now() + OLD_ONES_LEAVE_MS;
    for (;;) {
      const running = findPostmaster(this.deps.serverDir);
      const adopted = running === null ? null : await this.#adopt(running);
      if (adopted !== null) return { adopted: true, listening: this.#remember(adopted) };
      const listening = await chooseListening(this.#listening, this.deps);
      const complaint = await launchServer(this.deps, listening, this.#stop.signal);
      if (complaint === null) return { adopted: false, listening: this.#remember(listening) };
      if (this.#stop.signal.aborted || !STILL_THERE.test(complaint) || performance.now() > deadline) {
        throw new EmbeddedFailure(
          `the embedded PostgreSQL did not start: ${complaint} (its log is ${serverLogFile(this.deps.dataDir)})`,
        );
      }
      await pause(RETRY_MS, this.#stop.signal);
    }
  }

  #remember(listening: Listening): Listening {
    this.#listening = listening;
    return listening;
  }

  /** Null when the server went away while we waited for it: it was shutting down. */
  async #adopt(running: Postmaster): Promise<Listening | null> {
    const { dataDir, serverDir } = this.deps;
    const listening = running.socketDir === '' ? { port: running.port } : { socketDir: running.socketDir };
    const gone = () => findPostmaster(serverDir)?.pid !== running.pid;
    const settled = async () => gone() || (await probe(listening, dataDir));
    const answered = await until(ANSWER_MS, settled, this.#stop.signal);
    if (gone()) return null;
    if (answered) return listening;
    throw new EmbeddedFailure(
      `a PostgreSQL server (process ${running.pid}) runs on ${serverDir} but does not answer; stop that process and start again`,
    );
  }
}
