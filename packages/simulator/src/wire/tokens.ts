/** The words of the node language: markers, and the dictionaries both sides share. The dictionaries are the library's. */
import { DOUBLE_BYTE_TOKENS, SINGLE_BYTE_TOKENS, TAGS } from 'baileys/lib/WABinary/constants.js';

export const MARK = {
  listEmpty: TAGS.LIST_EMPTY,
  dictionary: TAGS.DICTIONARY_0,
  interopJid: TAGS.INTEROP_JID,
  fbJid: TAGS.FB_JID,
  deviceJid: TAGS.AD_JID,
  list8: TAGS.LIST_8,
  list16: TAGS.LIST_16,
  jidPair: TAGS.JID_PAIR,
  hex: TAGS.HEX_8,
  bytes8: TAGS.BINARY_8,
  bytes20: TAGS.BINARY_20,
  bytes32: TAGS.BINARY_32,
  nibble: TAGS.NIBBLE_8,
} as const;

/** Longest text that is packed two characters to a byte. */
export const PACKED_MAX = TAGS.PACKED_MAX;

export const singleTokens: readonly string[] = SINGLE_BYTE_TOKENS;
export const doubleTokens: readonly (readonly string[])[] = DOUBLE_BYTE_TOKENS;

/** The bytes a word of the dictionaries is written as. */
export const tokenBytes = new Map<string, readonly [number] | readonly [number, number]>();
for (const [index, word] of singleTokens.entries()) if (index > 0) tokenBytes.set(word, [index]);
for (const [dictionary, words] of doubleTokens.entries()) {
  for (const [index, word] of words.entries()) tokenBytes.set(word, [MARK.dictionary + dictionary, index]);
}

/** Servers whose device addresses have a short form, by the number that stands for them. */
export const deviceServers: ReadonlyMap<number, string> = new Map([
  [0, 's.whatsapp.net'],
  [1, 'lid'],
  [128, 'hosted'],
  [129, 'hosted.lid'],
]);
