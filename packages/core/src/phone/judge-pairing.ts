import type { LinkedIdentity } from '../engine/engine-port.js';
import type { Lease } from '../lease/lease.js';
import type { OwnedPhoneStore } from './phone-store.js';

export type PairingRefusal = 'wrong_number' | 'duplicate_number';

/** A phone is bound to the first number that links, and a number to one phone of its organisation; null = accepted. */
export async function judgePairing(
  store: OwnedPhoneStore,
  lease: Lease,
  identity: LinkedIdentity,
): Promise<PairingRefusal | null> {
  const { phone } = await store.read(lease);
  if (phone.number !== null && phone.number !== identity.number) return 'wrong_number';
  return (await store.otherPhoneWithNumber(lease, identity.number)) === null ? null : 'duplicate_number';
}
