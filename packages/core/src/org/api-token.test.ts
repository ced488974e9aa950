import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { apiTokenPrefix, hashApiToken, looksLikeApiToken, newApiToken } from './api-token.js';

describe('API tokens', () => {
  it('have the documented shape', () => {
    expect(newApiToken().token).toMatch(/^tl_[0-9A-Za-z]{49}$/);
  });

  it('are never the same and use their whole range', () => {
    const tokens = Array.from({ length: 2_000 }, () => newApiToken().token);
    expect(new Set(tokens).size).toBe(tokens.length);
    for (let place = 4; place < 46; place++) {
      expect(new Set(tokens.map((token) => token[place])).size).toBe(62);
    }
  });

  it('are recognised', () => {
    for (let round = 0; round < 200; round++) expect(looksLikeApiToken(newApiToken().token)).toBe(true);
  });

  it('are not recognised after any single typing mistake', () => {
    const { token } = newApiToken();
    for (let place = 0; place < token.length; place++) {
      const other = token[place] === 'a' ? 'b' : 'a';
      expect(looksLikeApiToken(token.slice(0, place) + other + token.slice(place + 1))).toBe(false);
    }
    for (const wrong of ['', 'tl_', token.slice(1), token.slice(0, -1), `${token}0`, `${token}\n`, ` ${token}`]) {
      expect(looksLikeApiToken(wrong)).toBe(false);
    }
  });

  it('have a checksum that does not change between versions', () => {
    const secret = '0'.repeat(43);
    const valid = `tl_${secret}2CZclj`;
    expect(looksLikeApiToken(valid)).toBe(true);
  });

  it('are stored as SHA-256 only, and shown as ten characters', () => {
    const { token, prefix, hash } = newApiToken();
    expect(Buffer.from(hash)).toEqual(createHash('sha256').update(token).digest());
    expect(hashApiToken(token)).toEqual(hash);
    expect(prefix).toBe(token.slice(0, 10));
    expect(apiTokenPrefix(token)).toBe(prefix);
  });

  it('hash also for keys that an operator chose', () => {
    expect(hashApiToken('chosen by an operator, 32 letters').length).toBe(32);
  });
});
