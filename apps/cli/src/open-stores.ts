import type { EventLog, OrgStore, PhoneStore } from '@trunkline/core';
import { openDatabase } from '@trunkline/postgres';
import { commandLog } from './command-log.js';
import { readSettings } from './settings.js';
import { visitEmbedded } from './visit-embedded.js';

/** The database of an installation, open. */
export interface Stores {
  readonly orgs: OrgStore;
  readonly phones: PhoneStore;
  readonly events: EventLog;
  /** False when the database was started for this command, so that nobody else can be using it. */
  readonly serverMayRun: boolean;
  close(): Promise<void>;
}

/** One command asks one thing at a time, and may read a listing of several organisations. */
const POOL_SIZE = 3;

/** Opens the database that the environment names, or the embedded one of the data directory; migrates it when needed. */
export async function openStores(env: Readonly<Record<string, string | undefined>>): Promise<Stores> {
  const { databaseUrl, dataDir, masterKey } = readSettings(env);
  const log = commandLog(env.LOG_LEVEL === 'debug');
  const server =
    databaseUrl === null
      ? await visitEmbedded(dataDir, log)
      : { url: databaseUrl, serverMayRun: true, leave: async () => {} };
  try {
    const options = { url: server.url, masterKey, log, poolSize: POOL_SIZE, applicationName: 'trunkline cli' };
    const database = await openDatabase(options);
    const close = async () => {
      await database.close();
      await server.leave();
    };
    try {
      await database.migrate();
    } catch (error) {
      await database.close();
      throw error;
    }
    const { orgs, phones, events } = database;
    return { orgs, phones, events, serverMayRun: server.serverMayRun, close };
  } catch (error) {
    await server.leave();
    throw error;
  }
}
