/** Applies a decision to a locked phone row: row, events, diary, commands and credentials in one transaction. */
import { type Decide, type EventDraft, needsOwner, type Phone, type PhoneDecision } from '@trunkline/core';
import { cleanJson, cleanText } from '../sql/clean-text.js';
import type { Transaction } from '../sql/transaction.js';
import type { LockedPhoneRow } from './lock-phone.js';
import { stateCode, toPhone } from './phone-row.js';

export interface ChangeOutcome {
  readonly phone: Phone;
  readonly appended: number;
  /** The data key of the phone is gone. */
  readonly destroyed: boolean;
}

const WRITE_CHANGE = {
  name: 'phone-write-change',
  text: `
    with settled as (
      delete from phone_commands where phone_id = $1 and command_id = any ($2::bigint[])
    ), line as (
      insert into phone_diary (phone_id, at, state, code, reason, node_id)
      select $1, $3, $4, $5, $6, $7 where $8::boolean
    ), appended as (
      insert into events (phone_id, sequence, org_id, name, payload, at)
      select $1, $9::bigint + e.place, $10, e.name, e.payload, $3
      from unnest($11::text[], $12::text[]) with ordinality as e (name, payload, place) order by e.place
    )
    update phones set
      updated_at = $3, sequence = $9::bigint + cardinality($11::text[]), wanted = $13, state = $14, needs_owner = $15,
      number = $16, lid = $17, name = $18, is_business = $19, image_changed_at = $20, label_ids = $21,
      first_connected_at = $22, last_disconnect = $23, restricted_until = $24, primary_last_seen = $25
    where phone_id = $1`,
};

/**
 * Asks `decide` about the locked row and writes what it decided; the write and the commit share a round trip. Every
 * decision moves `updatedAt` forward, also one that changes nothing else.
 */
export async function applyDecision(
  tx: Transaction,
  row: LockedPhoneRow,
  nodeId: string | null,
  decide: Decide,
): Promise<ChangeOutcome> {
  const before = toPhone(row);
  const decision = decide(before);
  if (decision === null) return { phone: before, appended: 0, destroyed: false };
  const after: Phone = { ...before, ...decision.change, updatedAt: row.next_updated_at };
  const events = decision.events(before, after);
  const destroyed = await writeCredentials(tx, row, decision);
  await tx.last(WRITE_CHANGE, changeValues({ row, nodeId, before, after, decision, events }));
  return { phone: after, appended: events.length, destroyed };
}

function changeValues(input: {
  row: LockedPhoneRow;
  nodeId: string | null;
  before: Phone;
  after: Phone;
  decision: PhoneDecision;
  events: readonly EventDraft[];
}): unknown[] {
  const { row, nodeId, before, after, decision, events } = input;
  const code = decision.diary?.code ?? stateCode(after.state);
  const entered = before.state.name !== after.state.name || code !== stateCode(before.state);
  return [
    after.phoneId,
    decision.settles ?? [],
    after.updatedAt,
    after.state.name,
    code,
    cleanText(decision.diary?.reason ?? null),
    nodeId,
    entered,
    row.sequence,
    after.orgId,
    events.map((event) => event.name),
    events.map((event) => event.payload),
    after.wanted,
    cleanJson(after.state),
    needsOwner(after.state),
    after.number,
    after.lid,
    cleanText(after.name),
    after.isBusiness,
    after.imageChangedAt,
    after.labels.map((label) => label.labelId),
    after.firstConnectedAt,
    after.lastDisconnect === null ? null : cleanJson(after.lastDisconnect),
    after.restrictedUntil,
    after.primaryLastSeen,
  ];
}

/**
 * Ends a link. A phone that was deleted loses its data key too (true): what is left of it can never be read again.
 */
async function writeCredentials(tx: Transaction, row: LockedPhoneRow, decision: PhoneDecision): Promise<boolean> {
  if (decision.credentials === 'retire') {
    await tx.rows(RETIRE, [row.phone_id, row.next_updated_at, decision.diary?.code ?? 'unlinked']);
  }
  if (decision.credentials !== 'delete') return false;
  await tx.rows('delete from credentials where phone_id = $1', [row.phone_id]);
  if (row.deleted_at === null) return false;
  await tx.rows(DESTROY_SECRETS, [row.phone_id]);
  return true;
}

const RETIRE = `
  with gone as (delete from credentials where phone_id = $1 returning kind, key_id, value)
  insert into retired_credentials (phone_id, retired_at, reason, kind, key_id, value)
  select $1, $2, $3, kind, key_id, value from gone`;

const DESTROY_SECRETS = `
  with inbound as (delete from inbox where phone_id = $1), outbound as (delete from sent_content where phone_id = $1),
    retired as (delete from retired_credentials where phone_id = $1)
  delete from phone_keys where phone_id = $1`;
