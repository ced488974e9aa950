/** Plaintexts carry 1 to 16 bytes of padding, each of which tells how many they are. */

export function unpad(padded: Uint8Array): Uint8Array | null {
  const length = padded.at(-1);
  return length === undefined || length === 0 || length > padded.length ? null : padded.subarray(0, -length);
}

export function pad(plaintext: Uint8Array): Uint8Array {
  return Buffer.concat([plaintext, Buffer.from([1])]);
}
