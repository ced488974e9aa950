/** Opens a database: every store of ours on one pool and one listening connection. */
import type { EventLog, LeaseStore, Log, OrgStore, OwnedPhoneStore, PhoneStore } from '@trunkline/core';
import { PostgresEventLog } from './event/event-log.js';
import { PostgresLeaseStore } from './lease/lease-store.js';
import { migrate } from './migrate/migrate.js';
import { PostgresOrgStore } from './org/org-store.js';
import { PostgresOwnedPhoneStore } from './phone/owned-phone-store.js';
import { PostgresPhoneStore } from './phone/phone-store.js';
import { DataKeys } from './secrets/data-keys.js';
import { checkMasterKeySize, verifyMasterKey } from './secrets/verify-master-key.js';
import { checkServer } from './sql/check-server.js';
import { Sql } from './sql/sql.js';
import { type TidyReport, tidy } from './tidy.js';
import { Listener } from './wake/listener.js';
import { type WakeChannel, WakeSender } from './wake/wake.js';

export interface DatabaseOptions {
  readonly url: string;
  /** 32 bytes; wraps the data key of every phone. */
  readonly masterKey: Uint8Array;
  /** Connections of this process at most, beside the listening one. */
  readonly poolSize?: number;
  readonly applicationName?: string;
  readonly log: Log;
  readonly statementTimeoutMs?: number;
  /** How long a call waits for a database that is away before it fails with `StoreUnavailable`. */
  readonly patienceMs?: number;
}

export interface Database {
  readonly orgs: OrgStore;
  readonly phones: PhoneStore;
  readonly leases: LeaseStore;
  readonly events: EventLog;
  /** Phones as the node with this id sees those that it owns. */
  owned(nodeId: string): OwnedPhoneStore;
  /** Brings the schema to this version; concurrent-safe. Refuses a newer database and another master key. */
  migrate(): Promise<{ applied: string[] }>;
  /** Wakes whoever watches, in this process and others, soon and once for many calls. Never fails. */
  wake(channel: WakeChannel): void;
  /** Removes what has been kept long enough, a bounded amount per call. May be repeated, from any node. */
  tidy(): Promise<TidyReport>;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  /** Ends every connection. May be called twice. */
  close(): Promise<void>;
}

const POOL_SIZE = 10;
const STATEMENT_TIMEOUT_MS = 15_000;
const PATIENCE_MS = 10_000;

/**
 * Connects, without migrating. Later restarts of the database are survived: calls wait a while for it to come back and
 * then fail with `StoreUnavailable`. Throws `WrongMasterKey` when the database was written with another key.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  checkMasterKeySize(options.masterKey);
  const settings = {
    url: options.url,
    applicationName: options.applicationName ?? 'trunkline',
    statementTimeoutMs: options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
    poolSize: options.poolSize ?? POOL_SIZE,
    patienceMs: options.patienceMs ?? PATIENCE_MS,
  };
  const { log } = options;
  // A copy: the caller may wipe its own.
  const masterKey = Uint8Array.from(options.masterKey);
  const sql = new Sql(settings, log);
  try {
    await checkServer(sql);
    await verifyMasterKey(sql, masterKey, false);
  } catch (error) {
    await sql.close();
    throw error;
  }
  const dataKeys = new DataKeys(sql, masterKey);
  const sender = new WakeSender(sql, log);
  const listener = new Listener(settings, log);
  const { wake } = sender;
  let closed: Promise<void> | null = null;
  return {
    orgs: new PostgresOrgStore(sql),
    phones: new PostgresPhoneStore(sql, dataKeys, wake),
    leases: new PostgresLeaseStore(sql, wake),
    events: new PostgresEventLog(sql, listener),
    owned: (nodeId) => new PostgresOwnedPhoneStore({ nodeId, sql, dataKeys, wake, listener }),
    async migrate() {
      const applied = await migrate(settings, log);
      await verifyMasterKey(sql, masterKey, true);
      return { applied };
    },
    wake,
    tidy: () => tidy(sql),
    async ping() {
      await sql.rows('select 1');
    },
    close() {
      closed ??= sender.flush().then(async () => {
        await listener.close();
        await sql.close();
      });
      return closed;
    },
  };
}
