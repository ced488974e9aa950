import type { Log } from '@trunkline/core';
import { type DataDirLock, DataDirTaken, lockDataDir, startEmbedded } from '@trunkline/postgres';

export interface EmbeddedVisit {
  readonly url: string;
  readonly serverMayRun: boolean;
  leave(): Promise<void>;
}

/**
 * Uses the embedded database of a running installation, or starts it for the time of the visit. Whoever holds the lock of
 * the data directory owns the database: a server that starts meanwhile is told so, and a visitor never stops what is not
 * its own.
 */
export async function visitEmbedded(dataDir: string, log: Log): Promise<EmbeddedVisit> {
  const lock = await takeLock(dataDir);
  try {
    const server = await startEmbedded({ dataDir, log, supervise: false });
    const leave = async () => {
      if (lock === null) return;
      await server.stop();
      await lock.release();
    };
    return { url: server.url, serverMayRun: lock === null, leave };
  } catch (error) {
    await lock?.release();
    throw error;
  }
}

async function takeLock(dataDir: string): Promise<DataDirLock | null> {
  try {
    return await lockDataDir(dataDir);
  } catch (error) {
    if (error instanceof DataDirTaken) return null;
    throw error;
  }
}
