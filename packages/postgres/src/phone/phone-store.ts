/** `PhoneStore` on PostgreSQL: phones as the API sees them. */
import type { CommandKind, Decide, DiaryEntry, EventDraft, Network, Phone, PhoneStore } from '@trunkline/core';
import { resolveLabels } from '../label/resolve-labels.js';
import type { DataKeys } from '../secrets/data-keys.js';
import type { Sql } from '../sql/sql.js';
import type { Wake } from '../wake/wake.js';
import { changeAbandonedPhones } from './abandoned-phones.js';
import { applyDecision } from './change-phone.js';
import { createPhone } from './create-phone.js';
import { lockPhoneOfOrg } from './lock-phone.js';
import { PHONE_COLUMNS, type PhoneRow, toPhone } from './phone-row.js';
import { removePhone } from './remove-phone.js';

const OF_ORG = 'from phones p where p.org_id = $1 and p.deleted_at is null';
/** Connected phones first: the order in which a person would look. */
const BY_LIVENESS = `array_position(array['online', 'syncing', 'reconnecting', 'starting', 'pairing'], p.state ->> 'name')`;

export class PostgresPhoneStore implements PhoneStore {
  constructor(
    private readonly sql: Sql,
    private readonly dataKeys: DataKeys,
    private readonly wake: Wake,
  ) {}

  async create(input: Parameters<PhoneStore['create']>[0]): Promise<Phone> {
    const phone = await createPhone(this.sql, this.dataKeys, input);
    this.wake('events');
    this.wake('phones');
    return phone;
  }

  async find(orgId: string, phoneId: string): Promise<Phone | null> {
    const [row] = await this.sql.rows<PhoneRow>(
      { name: 'phone-find', text: `select ${PHONE_COLUMNS} ${OF_ORG} and p.phone_id = $2` },
      [orgId, phoneId],
    );
    return row === undefined ? null : toPhone(row);
  }

  async findByNumber(orgId: string, number: string): Promise<Phone[]> {
    const rows = await this.sql.rows<PhoneRow>(
      `select ${PHONE_COLUMNS} ${OF_ORG} and p.number = $2 order by ${BY_LIVENESS} nulls last, p.created_at desc, p.phone_id`,
      [orgId, number],
    );
    return rows.map(toPhone);
  }

  async list(orgId: string): Promise<Phone[]> {
    const rows = await this.sql.rows<PhoneRow>(
      { name: 'phone-list', text: `select ${PHONE_COLUMNS} ${OF_ORG} order by p.created_at desc, p.phone_id` },
      [orgId],
    );
    return rows.map(toPhone);
  }

  async count(orgId: string): Promise<number> {
    const [row] = await this.sql.rows<{ phones: number }>(`select count(*) as phones ${OF_ORG}`, [orgId]);
    return row?.phones ?? 0;
  }

  async change(orgId: string, phoneId: string, decide: Decide): Promise<Phone | null> {
    const outcome = await this.sql.transaction(async (tx) => {
      const row = await lockPhoneOfOrg(tx, orgId, phoneId);
      return row === null ? null : applyDecision(tx, row, null, decide);
    });
    if (outcome === null) return null;
    if (outcome.appended > 0) this.wake('events');
    // The change may have made the phone one that a node must hold.
    this.wake('phones');
    return outcome.phone;
  }

  async changeAbandoned(decide: Decide): Promise<number> {
    const changed = await changeAbandonedPhones(this.sql, decide);
    if (changed > 0) {
      this.wake('events');
      this.wake('phones');
    }
    return changed;
  }

  async command(orgId: string, phoneId: string, kind: CommandKind): Promise<boolean> {
    const [row] = await this.sql.rows<{ known: boolean }>(
      `with phone as (select p.phone_id ${OF_ORG} and p.phone_id = $2),
         command as (insert into phone_commands (phone_id, kind) select phone_id, $3 from phone on conflict do nothing)
       select exists (select from phone) as known`,
      [orgId, phoneId, kind],
    );
    if (row?.known !== true) return false;
    this.wake('commands');
    return true;
  }

  async remove(orgId: string, phoneId: string, events: (phone: Phone) => readonly EventDraft[]): Promise<boolean> {
    const removed = await removePhone(this.sql, orgId, phoneId, events);
    if (removed) {
      this.wake('events');
      this.wake('commands');
    }
    return removed;
  }

  async diary(orgId: string, phoneId: string, limit: number): Promise<DiaryEntry[]> {
    return this.sql.rows<DiaryEntry>(
      `select d.at, d.state, d.code, d.reason, d.node_id as "nodeId"
       from phones p join phone_diary d on d.phone_id = p.phone_id
       where p.org_id = $1 and p.phone_id = $2 and p.deleted_at is null
       order by d.entry_id desc limit $3`,
      [orgId, phoneId, limit],
    );
  }

  resolveLabels(orgId: string, type: string, names: readonly string[]): Promise<Phone['labels']> {
    return resolveLabels(this.sql, orgId, type, names);
  }

  countByState(): Promise<{ network: Network; state: string; phones: number }[]> {
    return this.sql.rows(
      `select network, state ->> 'name' as state, count(*) as phones from phones
       where deleted_at is null group by 1, 2 order by 1, 2`,
    );
  }
}
