/** The thread that keeps a node's heartbeat fresh, whatever the event loop of the main thread is doing. */
import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import { confirm, now } from './heartbeat-clock.js';

/** What the thread is told when it starts. */
export interface HeartbeatOrder {
  readonly url: string;
  readonly nodeId: string;
  /** Refreshes the heartbeat of node $1; no row means that the node is gone. */
  readonly statement: string;
  readonly everyMs: number;
  readonly statementTimeoutMs: number;
  readonly memory: SharedArrayBuffer;
}

/** What it tells: `beat` after each confirmation, `gone` when the node's row does not exist any more. */
export type HeartbeatNews = { readonly kind: 'beat' | 'gone' } | { readonly kind: 'failed'; readonly error: string };

const RETRY_MS = 500;

const order = workerData as HeartbeatOrder;
const tell = (news: HeartbeatNews) => parentPort?.postMessage(news);
let client: pg.Client | null = null;

async function connected(): Promise<pg.Client> {
  if (client !== null) return client;
  const fresh = new pg.Client({
    connectionString: order.url,
    application_name: 'trunkline heartbeat',
    statement_timeout: order.statementTimeoutMs,
    lock_timeout: order.statementTimeoutMs,
    query_timeout: order.statementTimeoutMs,
    connectionTimeoutMillis: order.statementTimeoutMs,
    keepAlive: true,
  });
  fresh.on('error', () => drop(fresh));
  try {
    await fresh.connect();
  } catch (error) {
    drop(fresh);
    throw error;
  }
  client = fresh;
  return fresh;
}

function drop(dead: pg.Client): void {
  if (client === dead) client = null;
  dead.end().catch(() => undefined);
}

/** The time counts from before the question: the database may note it any moment after. */
async function beat(): Promise<void> {
  const connection = await connected();
  const asked = now();
  try {
    const { rowCount } = await connection.query({
      name: 'beat',
      text: order.statement,
      values: [order.nodeId],
    });
    if (rowCount === 0) return tell({ kind: 'gone' });
  } catch (error) {
    drop(connection);
    throw error;
  }
  confirm(order.memory, asked);
  tell({ kind: 'beat' });
}

async function run(): Promise<void> {
  for (;;) {
    const started = now().monotonicMs;
    let pauseMs = order.everyMs;
    try {
      await beat();
    } catch (error) {
      pauseMs = Math.min(RETRY_MS, order.everyMs);
      tell({ kind: 'failed', error: error instanceof Error ? error.message : String(error) });
    }
    const spentMs = Number(now().monotonicMs - started);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, pauseMs - spentMs)));
  }
}

void run();
