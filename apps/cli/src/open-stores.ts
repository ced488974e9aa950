import type { EventLog, Log, OrgStore, PhoneStore } from '@trunkline/core';
import { openDatabase, startEmbedded } from '@trunkline/postgres';
import { readSettings } from './settings.js';

/** The database of an installation, open. */
export interface Stores {
  readonly orgs: OrgStore;
  readonly phones: PhoneStore;
  readonly events: EventLog;
  /** False when the database was started for this command, so that nobody else can be using it. */
  readonly serverMayRun: boolean;
  close(): Promise<void>;
}

/** Opens the database that the environment names, or the embedded one of the data directory. */
export async function openStores(env: Readonly<Record<string, string | undefined>>): Promise<Stores> {
  const { databaseUrl, dataDir, masterKey } = readSettings(env);
  const log = quietLog(env.LOG_LEVEL === 'debug');
  // The server of a running installation keeps its own database alive; this program only visits.
  const embedded = databaseUrl === null ? await startEmbedded({ dataDir, log, supervise: false }) : null;
  const release = async () => {
    if (embedded !== null && !embedded.adopted) await embedded.stop();
  };
  try {
    const database = await openDatabase({ url: databaseUrl ?? embedded?.url ?? '', masterKey, log });
    const { orgs, phones, events } = database;
    const close = async () => {
      await database.close();
      await release();
    };
    return { orgs, phones, events, serverMayRun: embedded === null || embedded.adopted, close };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Answers go to stdout and errors are told once, so that only somebody who debugs wants a log. */
function quietLog(loud: boolean): Log {
  const write = (level: string) => (message: string, fields?: object) => {
    if (loud) process.stderr.write(`${JSON.stringify({ level, message, ...fields })}\n`);
  };
  const log: Log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  return log;
}
