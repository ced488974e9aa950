/** Where the embedded server listens, and how to reach it. */
import { createServer } from 'node:net';
import pg from 'pg';
import { errorCode } from '../sql/database-error.js';
import { readPassword } from './init-cluster.js';
import type { RunAs } from './run-as.js';
import { prepareSocketDir } from './socket-dir.js';

export type Listening = { readonly socketDir: string } | { readonly port: number };

const DATABASE = 'trunkline';
const PROBE_MS = 2_000;
const TOO_MANY_CONNECTIONS = '53300';

/** A unix socket where there are any; the same place as before, so that clients of a dead server find the next one. */
export async function chooseListening(
  before: Listening | null,
  deps: { readonly dataDir: string; readonly user: RunAs },
): Promise<Listening> {
  if (process.platform !== 'win32') return { socketDir: prepareSocketDir(deps.dataDir, deps.user) };
  return before ?? { port: await freePort() };
}

/** Connection string of our database. On TCP it holds the password: never log it. */
export function listeningUrl(listening: Listening, dataDir: string, database = DATABASE): string {
  if ('socketDir' in listening) {
    return `postgresql:///${database}?host=${encodeURIComponent(listening.socketDir)}&user=postgres`;
  }
  return `postgresql://postgres:${readPassword(dataDir)}@127.0.0.1:${listening.port}/${database}`;
}

/** Whether the server answers now. One that is full answers too. */
export async function probe(listening: Listening, dataDir: string): Promise<boolean> {
  try {
    await withMaintenance(listening, dataDir, (client) => client.query('select 1'));
    return true;
  } catch (error) {
    return errorCode(error) === TOO_MANY_CONNECTIONS;
  }
}

/** Makes our database if it is missing. */
export async function ensureDatabase(listening: Listening, dataDir: string): Promise<void> {
  await withMaintenance(listening, dataDir, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  });
}

async function withMaintenance(
  listening: Listening,
  dataDir: string,
  run: (client: pg.Client) => Promise<unknown>,
): Promise<void> {
  const client = new pg.Client({
    connectionString: listeningUrl(listening, dataDir, 'postgres'),
    connectionTimeoutMillis: PROBE_MS,
    query_timeout: PROBE_MS * 10,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await run(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
