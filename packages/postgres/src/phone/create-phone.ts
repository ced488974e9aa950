/** Adds a phone with everything that must exist from its first moment: lease row, data key, first diary line, events. */
import { needsOwner, type Phone, type PhoneStore } from '@trunkline/core';
import type { DataKeys } from '../secrets/data-keys.js';
import { cleanJson, cleanText } from '../sql/clean-text.js';
import type { Sql } from '../sql/sql.js';
import { stateCode } from './phone-row.js';

const ADD_PHONE = `
  with phone as (
    insert into phones (phone_id, org_id, network, wanted, state, needs_owner, label_ids, name, created_at, updated_at)
    select $1, $2, $3, 'running', $4, $5, $6, $7, moment, moment
    from (select date_trunc('milliseconds', clock_timestamp()) as moment) as clock
    returning phone_id, created_at
  ), lease as (
    insert into phone_leases (phone_id, node_id, epoch) select phone_id, null, 0 from phone
  ), key as (
    insert into phone_keys (phone_id, wrapped_key) select phone_id, $8 from phone
  ), line as (
    insert into phone_diary (phone_id, at, state, code) select phone_id, created_at, $9, $10 from phone
  )
  select created_at from phone`;

// A statement of its own after the row is written: see the note on `events` in the schema.
const ADD_EVENTS = `
  with appended as (
    insert into events (phone_id, sequence, org_id, name, payload, at)
    select $1, e.place, $2, e.name, e.payload, $3
    from unnest($4::text[], $5::text[]) with ordinality as e (name, payload, place) order by e.place
  )
  update phones set sequence = cardinality($4::text[]) where phone_id = $1`;

type NewPhone = Parameters<PhoneStore['create']>[0];

/** Creates the phone, wanted running, and answers with it as stored. */
export async function createPhone(sql: Sql, dataKeys: DataKeys, input: NewPhone): Promise<Phone> {
  const wrappedKey = dataKeys.make(input.phoneId);
  return sql.transaction(async (tx) => {
    const [row] = await tx.rows<{ created_at: Date }>(ADD_PHONE, [
      input.phoneId,
      input.orgId,
      input.network,
      cleanJson(input.state),
      needsOwner(input.state),
      input.labels.map((label) => label.labelId),
      cleanText(input.name),
      wrappedKey,
      input.state.name,
      stateCode(input.state),
    ]);
    if (row === undefined) throw new Error(`phone ${input.phoneId} was not stored`);
    const phone = newPhone(input, row.created_at);
    const events = input.events(phone);
    await tx.last(ADD_EVENTS, [
      phone.phoneId,
      phone.orgId,
      phone.createdAt,
      events.map((event) => event.name),
      events.map((event) => event.payload),
    ]);
    return phone;
  });
}

function newPhone(input: NewPhone, createdAt: Date): Phone {
  return {
    orgId: input.orgId,
    phoneId: input.phoneId,
    network: input.network,
    wanted: 'running',
    state: input.state,
    number: null,
    lid: null,
    name: input.name,
    isBusiness: false,
    imageChangedAt: null,
    labels: input.labels,
    firstConnectedAt: null,
    lastDisconnect: null,
    restrictedUntil: null,
    primaryLastSeen: null,
    createdAt,
    updatedAt: createdAt,
  };
}
