/** Locks one phone row for a change; whoever gets it also learns the `updated_at` that the change will have. */
import type { Lease } from '@trunkline/core';
import { isAlive } from '../lease/node-life.js';
import type { Transaction } from '../sql/transaction.js';
import { PHONE_COLUMNS, type PhoneRow } from './phone-row.js';

export interface LockedPhoneRow extends PhoneRow {
  readonly sequence: number;
  readonly deleted_at: Date | null;
  readonly next_updated_at: Date;
}

// NO KEY UPDATE: rows that merely refer to the phone do not wait for it.
const LOCKED_COLUMNS = `${PHONE_COLUMNS}, p.sequence, p.deleted_at,
  greatest(date_trunc('milliseconds', clock_timestamp()), p.updated_at + interval '1 millisecond') as next_updated_at`;

const LOCK_OF_ORG = {
  name: 'phone-lock-of-org',
  text: `select ${LOCKED_COLUMNS} from phones p
    where p.org_id = $1 and p.phone_id = $2 and p.deleted_at is null
    for no key update of p`,
};

const LOCK_OF_OWNER = {
  name: 'phone-lock-of-owner',
  text: `select ${LOCKED_COLUMNS} from phone_leases l join phones p on p.phone_id = l.phone_id
    where l.phone_id = $1 and l.node_id = $2 and l.epoch = $3
    for no key update of p for share of l`,
};

const LOCK_OF_NOBODY = {
  name: 'phone-lock-of-nobody',
  text: `select ${LOCKED_COLUMNS} from phone_leases l join phones p on p.phone_id = l.phone_id
    where l.phone_id = $1 and p.deleted_at is null
      and not exists (select from nodes n where n.node_id = l.node_id and ${isAlive('n')})
    for no key update of p for update of l skip locked`,
};

/** The row of a phone that no node holds: absent when one does, or is just taking it. */
export async function lockPhoneOfNobody(tx: Transaction, phoneId: string): Promise<LockedPhoneRow | null> {
  const [row] = await tx.rows<LockedPhoneRow>(LOCK_OF_NOBODY, [phoneId]);
  return row ?? null;
}

/** The row for the API: absent when unknown, foreign or deleted. */
export async function lockPhoneOfOrg(tx: Transaction, orgId: string, phoneId: string): Promise<LockedPhoneRow | null> {
  const [row] = await tx.rows<LockedPhoneRow>(LOCK_OF_ORG, [orgId, phoneId]);
  return row ?? null;
}

/** The row for its owner, deleted or not: absent when the lease is gone. The lease cannot be taken before the commit. */
export async function lockPhoneOfOwner(tx: Transaction, lease: Lease): Promise<LockedPhoneRow | null> {
  const [row] = await tx.rows<LockedPhoneRow>(LOCK_OF_OWNER, [lease.phoneId, lease.nodeId, lease.epoch]);
  return row ?? null;
}
