/** How every connection of ours is made: bounded in time on both sides, and kept alive so that a dead peer is noticed. */
import pg from 'pg';

export interface ConnectionSettings {
  readonly url: string;
  readonly applicationName: string;
  /** Longest statement, and longest idle pause inside a transaction. */
  readonly statementTimeoutMs: number;
}

const LOCK_TIMEOUT_MS = 8_000;
export const CONNECT_TIMEOUT_MS = 5_000;
/** The server gives up first; the client only when the server cannot even say so (a half-open connection). */
const CLIENT_GRACE_MS = 3_000;
const INT8 = 20;

/** bigint columns hold counters and positions far below 2^53, so they are read as numbers. */
const getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
  oid === INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser;

/** Settings of the driver for one connection or a pool of them. */
export function connectionConfig(settings: ConnectionSettings): pg.ClientConfig {
  return {
    connectionString: settings.url,
    application_name: settings.applicationName,
    statement_timeout: settings.statementTimeoutMs,
    lock_timeout: Math.min(LOCK_TIMEOUT_MS, settings.statementTimeoutMs),
    idle_in_transaction_session_timeout: settings.statementTimeoutMs,
    query_timeout: settings.statementTimeoutMs + CLIENT_GRACE_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // Lets the server drop a client that vanished, so that its row locks do not outlive it.
    options: '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3',
    // Statements that do not depend on each other's answer share a round trip; see `Transaction`.
    pipeline: true,
    types: { getTypeParser },
  };
}
