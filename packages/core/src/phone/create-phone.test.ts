import { describe, expect, it } from 'vitest';
import { newPhoneId } from './create-phone.js';

describe('phone ids', () => {
  it('have the form of the contract, use every letter alike and never repeat', () => {
    const ids = Array.from({ length: 4_000 }, newPhoneId);
    expect(new Set(ids).size).toBe(ids.length);
    const counts = new Map<string, number>();
    for (const id of ids) {
      expect(id).toMatch(/^phone-[a-z]{16}$/);
      for (const letter of id.slice(6)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect(counts.size).toBe(26);
    const even = (4_000 * 16) / 26;
    for (const count of counts.values()) expect(Math.abs(count - even)).toBeLessThan(even / 4);
  });
});
