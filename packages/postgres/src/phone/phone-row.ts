/** Phone rows as SQL reads them, and the phones they stand for. */
import type { LabelRef, Lid, Network, Phone, PhoneNumber, PhoneState, Wanted } from '@trunkline/core';

export interface PhoneRow {
  readonly org_id: string;
  readonly phone_id: string;
  readonly network: Network;
  readonly wanted: Wanted;
  readonly state: PhoneState;
  readonly number: string | null;
  readonly lid: string | null;
  readonly name: string | null;
  readonly is_business: boolean;
  readonly image_changed_at: Date | null;
  readonly labels: LabelRef[];
  readonly first_connected_at: Date | null;
  readonly last_disconnect: Phone['lastDisconnect'];
  readonly restricted_until: Date | null;
  readonly primary_last_seen: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** Columns of `PhoneRow`, read from `phones p`. Labels come in the order in which they were given. */
export const PHONE_COLUMNS = `
  p.org_id, p.phone_id, p.network, p.wanted, p.state, p.number, p.lid, p.name, p.is_business, p.image_changed_at,
  p.first_connected_at, p.last_disconnect, p.restricted_until, p.primary_last_seen, p.created_at, p.updated_at,
  (select coalesce(jsonb_agg(jsonb_build_object('labelId', b.label_id, 'name', b.name) order by w.place), '[]')
     from unnest(p.label_ids) with ordinality as w (label_id, place)
     join labels b on b.label_id = w.label_id and b.org_id = p.org_id) as labels`;

export function toPhone(row: PhoneRow): Phone {
  return {
    orgId: row.org_id,
    phoneId: row.phone_id,
    network: row.network,
    wanted: row.wanted,
    state: row.state,
    // Only values that were parsed on their way in are stored.
    number: row.number as PhoneNumber | null,
    lid: row.lid as Lid | null,
    name: row.name,
    isBusiness: row.is_business,
    imageChangedAt: row.image_changed_at,
    labels: row.labels,
    firstConnectedAt: row.first_connected_at,
    lastDisconnect: row.last_disconnect,
    restrictedUntil: row.restricted_until,
    primaryLastSeen: row.primary_last_seen,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** The cause that a state carries, if it carries one. */
export function stateCode(state: PhoneState): string | null {
  return 'cause' in state ? state.cause : null;
}
