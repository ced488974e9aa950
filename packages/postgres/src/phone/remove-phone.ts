/** Hides a phone from its organisation and leaves the rest of the removal to its owner. */
import type { EventDraft, Phone } from '@trunkline/core';
import type { Sql } from '../sql/sql.js';
import { lockPhoneOfOrg } from './lock-phone.js';
import { toPhone } from './phone-row.js';

// Commands that still wait make no sense any more; the one that remains unlinks the phone.
const HIDE = `
  with appended as (
    insert into events (phone_id, sequence, org_id, name, payload, at)
    select $1, $2::bigint + e.place, $3, e.name, e.payload, $4
    from unnest($5::text[], $6::text[]) with ordinality as e (name, payload, place) order by e.place
  ), dropped as (
    delete from phone_commands where phone_id = $1 and kind <> 'delete'
  ), command as (
    insert into phone_commands (phone_id, kind) values ($1, 'delete') on conflict do nothing
  )
  update phones set
    wanted = 'stopped', deleted_at = $4, updated_at = $4, sequence = $2::bigint + cardinality($5::text[])
  where phone_id = $1`;

/** False when the organisation has no such phone. */
export async function removePhone(
  sql: Sql,
  orgId: string,
  phoneId: string,
  events: (phone: Phone) => readonly EventDraft[],
): Promise<boolean> {
  return sql.transaction(async (tx) => {
    const row = await lockPhoneOfOrg(tx, orgId, phoneId);
    if (row === null) return false;
    const drafts = events({ ...toPhone(row), wanted: 'stopped', updatedAt: row.next_updated_at });
    await tx.last(HIDE, [
      phoneId,
      row.sequence,
      orgId,
      row.next_updated_at,
      drafts.map((draft) => draft.name),
      drafts.map((draft) => draft.payload),
    ]);
    return true;
  });
}
