import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * API tokens: `tl_`, 43 base62 characters that carry 256 random bits, and 6 base62 characters of checksum. The fixed
 * prefix and the checksum let secret scanners and people recognise a token, and a typing mistake, without a database.
 */

export interface NewApiToken {
  /** Shown once and never stored. */
  readonly token: string;
  /** Its first characters, to recognise the key in a list. */
  readonly prefix: string;
  /** What is stored. 256 random bits need no slow hash. */
  readonly hash: Uint8Array;
}

const MARK = 'tl_';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 62^43 > 2^256, and 62^6 > 2^32. */
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const SHOWN_LENGTH = 10;
const SHAPE = new RegExp(`^${MARK}[0-9A-Za-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`);

/** Makes a token nobody has. */
export function newApiToken(): NewApiToken {
  const secret = base62(BigInt(`0x${randomBytes(32).toString('hex')}`), SECRET_LENGTH);
  const token = `${MARK}${secret}${checksum(secret)}`;
  return { token, prefix: apiTokenPrefix(token), hash: hashApiToken(token) };
}

/** The part of a token that may be stored and shown. */
export function apiTokenPrefix(token: string): string {
  return token.slice(0, SHOWN_LENGTH);
}

/** What a token is stored and looked up as. Takes any string, because a first key may be given by the operator. */
export function hashApiToken(token: string): Uint8Array {
  return createHash('sha256').update(token, 'utf8').digest();
}

/** Whether a string is one of our tokens, typed without mistakes. Says nothing about whether it is valid. */
export function looksLikeApiToken(text: string): boolean {
  if (!SHAPE.test(text)) return false;
  const secret = text.slice(MARK.length, MARK.length + SECRET_LENGTH);
  return text.slice(-CHECKSUM_LENGTH) === checksum(secret);
}

function checksum(secret: string): string {
  return base62(BigInt(crc32(secret)), CHECKSUM_LENGTH);
}

function base62(value: bigint, length: number): string {
  let rest = value;
  let text = '';
  while (text.length < length) {
    text = ALPHABET.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  return text;
}
