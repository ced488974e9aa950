import type { KeyRow } from '@trunkline/core';

/**
 * One-time prekeys are kept 32 to a row. A pairing makes 812 of them, which as rows of their own would be nine tenths
 * of everything the database holds of a phone, each encrypted and inserted alone.
 */
export const PREKEY_BLOCK = 'pre-key-block';

const SLOTS = 32;
const SLOT_BYTES = 64;

/** The row that holds a prekey. */
export function blockOf(prekeyId: string): string {
  return String(Math.floor(Number(prekeyId) / SLOTS));
}

/** The encoded pair of a prekey, or null when its slot is empty. */
export function prekeyIn(block: Uint8Array | null | undefined, prekeyId: string): Uint8Array | null {
  const slot = block?.subarray(offsetOf(prekeyId), offsetOf(prekeyId) + SLOT_BYTES);
  return slot?.some((byte) => byte !== 0) ? slot : null;
}

/** The rows of blocks after these prekeys changed. `current` gives each block as it is now. */
export function changedBlocks(
  prekeys: readonly KeyRow[],
  current: (blockId: string) => Uint8Array | null | undefined,
): KeyRow[] {
  const blocks = new Map<string, Buffer>();
  for (const { keyId, value } of prekeys) {
    const id = blockOf(keyId);
    const block = blocks.get(id) ?? Buffer.from(current(id) ?? new Uint8Array(SLOTS * SLOT_BYTES));
    block.fill(0, offsetOf(keyId), offsetOf(keyId) + SLOT_BYTES);
    if (value !== null) block.set(value, offsetOf(keyId));
    blocks.set(id, block);
  }
  return [...blocks].map(([keyId, block]) => {
    const isEmpty = block.every((byte) => byte === 0);
    return { kind: PREKEY_BLOCK, keyId, value: isEmpty ? null : block };
  });
}

function offsetOf(prekeyId: string): number {
  return (Number(prekeyId) % SLOTS) * SLOT_BYTES;
}
