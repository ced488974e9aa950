import { randomBytes } from 'node:crypto';
import { sign as curveJsSign, verify as curveJsVerify } from 'curve25519-js';
import { describe, expect, it } from 'vitest';
import { calculateSignature, verifySignature } from 'whatsapp-rust-bridge';
import { xeddsaSign, xeddsaVerify } from 'zapo-js/crypto';
import { curveKeys, freshCurveKeys, verifyXeddsa } from '../wire/curve.js';
import { adv } from './adv-vectors.js';

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const accountKeys = curveKeys(bytes(adv.account.private));
const companionKeys = curveKeys(bytes(adv.companion.private));
const details = bytes(adv.details);
const accountMessage = Buffer.concat([Buffer.from([6, 0]), details, companionKeys.public]);
const deviceMessage = Buffer.concat([Buffer.from([6, 1]), details, companionKeys.public, accountKeys.public]);

type Verify = (key: Buffer, message: Buffer, signature: Buffer) => boolean | Promise<boolean>;
const verifiers: readonly { name: string; verify: Verify }[] = [
  { name: 'node:crypto', verify: verifyXeddsa },
  { name: 'zapo', verify: xeddsaVerify },
  { name: 'the pure JavaScript curve below libsignal', verify: curveJsVerify },
  {
    name: 'the Rust bridge',
    verify: (key, message, signature) => verifySignature(Buffer.concat([Buffer.from([5]), key]), message, signature),
  },
];

const signers = [
  { name: 'the Rust bridge', sign: (key: Buffer, message: Buffer) => calculateSignature(key, message) },
  { name: 'zapo', sign: (key: Buffer, message: Buffer) => xeddsaSign(key, message) },
  { name: 'pure JavaScript', sign: (key: Buffer, message: Buffer) => curveJsSign(key, message, randomBytes(64)) },
];

describe('ADV signatures: fixed keys', () => {
  it('private keys give the public keys of the vector', () => {
    expect(accountKeys.public.toString('hex')).toBe(adv.account.public);
    expect(companionKeys.public.toString('hex')).toBe(adv.companion.public);
  });

  it.each(verifiers)('$name accepts both signatures and nothing near them', async ({ verify }) => {
    const accountSignature = bytes(adv.accountSignature);
    const deviceSignature = bytes(adv.deviceSignature);
    expect(await verify(accountKeys.public, accountMessage, accountSignature)).toBe(true);
    expect(await verify(companionKeys.public, deviceMessage, deviceSignature)).toBe(true);
    expect(await verify(companionKeys.public, accountMessage, accountSignature)).toBe(false);
    expect(await verify(accountKeys.public, deviceMessage, accountSignature)).toBe(false);
    const bent = Buffer.from(accountSignature);
    bent[5] = (bent[5] ?? 0) ^ 1;
    expect(await verify(accountKeys.public, accountMessage, bent)).toBe(false);
  });

  it.each(signers)('what $name signs, all others accept', async ({ sign }) => {
    for (let round = 0; round < 8; round++) {
      const keys = freshCurveKeys();
      const message = randomBytes(40 + round);
      const signature = Buffer.from(await sign(keys.private, message));
      for (const { verify } of verifiers) expect(await verify(keys.public, message, signature)).toBe(true);
    }
  });
});
