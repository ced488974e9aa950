/** Starts the embedded PostgreSQL of a data directory, or adopts the one that a killed process left running. */
import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '@trunkline/core';
import { prepareBinaries } from './binaries.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { initCluster } from './init-cluster.js';
import { checkReachable, chooseUser } from './run-as.js';

export interface EmbeddedServer {
  readonly url: string;
  /** It was running already. */
  readonly adopted: boolean;
  isRunning(): Promise<boolean>;
  /** Shuts down with everything committed on disk, and leaves no process behind. May be called twice. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly dataDir: string;
  readonly log: Log;
  /** Start the server again, at the same place, whenever it dies before `stop`. Off by default. */
  readonly supervise?: boolean;
}

/** Ready when the database answers. Throws `EmbeddedFailure` with one sentence when it cannot run here. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o711 });
  const dataDir = realpathSync(options.dataDir);
  const serverDir = join(dataDir, 'postgres');
  const user = chooseUser(serverDir);
  checkReachable(user, dataDir);
  const binaries = prepareBinaries(dataDir, user);
  await initCluster(binaries, dataDir, serverDir, user);
  const server = new EmbeddedPostgres({ dataDir, serverDir, user, binaries, log: options.log });
  const adopted = await server.start(options.supervise ?? false);
  const { url } = server;
  options.log.info('embedded database ready', { adopted, directory: serverDir });
  return { url, adopted, isRunning: async () => server.isRunning(), stop: () => server.stop() };
}
