/** `OwnedPhoneStore` on PostgreSQL: phones as the node that runs them sees them. */
import {
  type Decide,
  type HistoryBatch,
  type InboundMessage,
  type Lease,
  LeaseLost,
  type OwnedPhoneStore,
  type Phone,
  type PhoneCommand,
  type SessionStore,
} from '@trunkline/core';
import { splitHistory } from '../inbound/split-history.js';
import { storeInbound } from '../inbound/store-inbound.js';
import type { DataKeys } from '../secrets/data-keys.js';
import type { Sql } from '../sql/sql.js';
import type { Listener } from '../wake/listener.js';
import type { Wake } from '../wake/wake.js';
import { applyDecision } from './change-phone.js';
import { lockPhoneOfOwner } from './lock-phone.js';
import { PHONE_COLUMNS, type PhoneRow, toPhone } from './phone-row.js';
import { PostgresSessionStore } from './session-store.js';

const COMMANDS_PER_READ = 1_000;
const LINKED = (phoneId: string) =>
  `exists (select from credentials k where k.phone_id = ${phoneId} and k.kind = 'creds' and k.key_id = '')`;

export class PostgresOwnedPhoneStore implements OwnedPhoneStore {
  constructor(
    private readonly deps: {
      readonly nodeId: string;
      readonly sql: Sql;
      readonly dataKeys: DataKeys;
      readonly wake: Wake;
      readonly listener: Listener;
    },
  ) {}

  async read(lease: Lease): Promise<{ phone: Phone; deleted: boolean; linked: boolean }> {
    const [row] = await this.deps.sql.rows<PhoneRow & { deleted: boolean; linked: boolean }>(
      `select ${PHONE_COLUMNS}, p.deleted_at is not null as deleted, ${LINKED('p.phone_id')} as linked
       from phone_leases l join phones p on p.phone_id = l.phone_id
       where l.phone_id = $1 and l.node_id = $2 and l.epoch = $3`,
      [lease.phoneId, lease.nodeId, lease.epoch],
    );
    if (row === undefined) throw new LeaseLost(lease.phoneId);
    return { phone: toPhone(row), deleted: row.deleted, linked: row.linked };
  }

  async change(lease: Lease, decide: Decide): Promise<Phone> {
    const outcome = await this.deps.sql.transaction(async (tx) => {
      const row = await lockPhoneOfOwner(tx, lease);
      if (row === null) throw new LeaseLost(lease.phoneId);
      return applyDecision(tx, row, lease.nodeId, decide);
    });
    if (outcome.destroyed) this.deps.dataKeys.forget(lease.phoneId);
    if (outcome.appended > 0) this.deps.wake('events');
    return outcome.phone;
  }

  async commands(leases: readonly Lease[]): Promise<PhoneCommand[]> {
    if (leases.length === 0) return [];
    return this.deps.sql.rows<PhoneCommand>(
      {
        name: 'owned-commands',
        text: `select c.command_id as "commandId", c.phone_id as "phoneId", c.kind
          from unnest($2::text[], $3::bigint[]) as o (phone_id, epoch)
          join phone_leases l on l.phone_id = o.phone_id and l.epoch = o.epoch and l.node_id = $1
          join phone_commands c on c.phone_id = o.phone_id
          order by c.command_id limit ${COMMANDS_PER_READ}`,
      },
      [this.deps.nodeId, leases.map((lease) => lease.phoneId), leases.map((lease) => lease.epoch)],
    );
  }

  async otherPhoneWithNumber(lease: Lease, number: string): Promise<string | null> {
    const [row] = await this.deps.sql.rows<{ phone_id: string }>(
      `select p.phone_id from phones p
       where p.org_id = $1 and p.number = $2 and p.phone_id <> $3 and p.deleted_at is null and ${LINKED('p.phone_id')}
       order by p.created_at desc limit 1`,
      [lease.orgId, number, lease.phoneId],
    );
    return row?.phone_id ?? null;
  }

  async receive(lease: Lease, message: InboundMessage): Promise<'new' | 'known'> {
    const batch: HistoryBatch = { people: [], chats: [], messages: [message], ciphertextHash: null };
    const fresh = await storeInbound(this.deps.sql, lease, batch, message.fromHistory ? 'history' : 'live');
    return fresh > 0 ? 'new' : 'known';
  }

  async storeHistory(lease: Lease, batch: HistoryBatch): Promise<void> {
    for (const piece of splitHistory(batch)) await storeInbound(this.deps.sql, lease, piece, 'history');
  }

  sessionStore(lease: Lease): SessionStore {
    return new PostgresSessionStore(this.deps.sql, this.deps.dataKeys, lease);
  }

  watchCommands(onWake: () => void): () => void {
    return this.deps.listener.watch(['commands', 'phones'], onWake);
  }
}
