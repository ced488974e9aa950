import { createCipheriv, createDecipheriv, hkdfSync, pbkdf2Sync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { agree, newKeyPair } from '../wire/curve.js';
import { CodeAttempt } from './pairing-code.js';

const EMPTY = Buffer.alloc(0);
const keyOf = (code: string, salt: Buffer) => pbkdf2Sync(code, salt, 131_072, 32, 'sha256');

/** The device's half of the exchange, as a client library does it. */
function device(code: string) {
  const identity = newKeyPair();
  const ephemeral = newKeyPair();
  const [salt, iv] = [randomBytes(32), randomBytes(16)];
  const cipher = createCipheriv('aes-256-ctr', keyOf(code, salt), iv);
  const hello = Buffer.concat([salt, iv, cipher.update(ephemeral.publicKey), cipher.final()]);
  const finish = (wrapped: Buffer, primaryIdentity: Buffer) => {
    const opener = createDecipheriv('aes-256-ctr', keyOf(code, wrapped.subarray(0, 32)), wrapped.subarray(32, 48));
    const shared = agree(ephemeral.privateKey, Buffer.concat([opener.update(wrapped.subarray(48)), opener.final()]));
    const [random, bundleSalt, bundleIv] = [randomBytes(32), randomBytes(32), randomBytes(12)];
    const info = 'link_code_pairing_key_bundle_encryption_key';
    const sealer = createCipheriv(
      'aes-256-gcm',
      Buffer.from(hkdfSync('sha256', shared, bundleSalt, info, 32)),
      bundleIv,
    );
    const plain = Buffer.concat([identity.publicKey, primaryIdentity, random]);
    const bundle = Buffer.concat([bundleSalt, bundleIv, sealer.update(plain), sealer.final(), sealer.getAuthTag()]);
    const material = Buffer.concat([shared, agree(identity.privateKey, primaryIdentity), random]);
    return { bundle, secret: Buffer.from(hkdfSync('sha256', material, EMPTY, 'adv_secret', 32)) };
  };
  return { identity, hello, finish };
}

describe('pairing by code', () => {
  it('gives both sides the same secret when the code is right', async () => {
    const primary = newKeyPair();
    const { identity, hello, finish } = device('ABCD1234');
    const attempt = await CodeAttempt.begin('ABCD1234', hello);
    const { bundle, secret } = finish(attempt.wrappedEphemeral, primary.publicKey);
    expect(attempt.finish(bundle, primary, identity.publicKey)?.equals(secret)).toBe(true);
  });

  it('gives nothing when the code is wrong, or the bundle names somebody else', async () => {
    const primary = newKeyPair();
    const { identity, hello, finish } = device('ABCD1234');
    const wrong = await CodeAttempt.begin('ABCD1235', hello);
    expect(
      wrong.finish(finish(wrong.wrappedEphemeral, primary.publicKey).bundle, primary, identity.publicKey),
    ).toBeUndefined();
    const attempt = await CodeAttempt.begin('ABCD1234', hello);
    const { bundle } = finish(attempt.wrappedEphemeral, newKeyPair().publicKey);
    expect(attempt.finish(bundle, primary, identity.publicKey)).toBeUndefined();
    expect(attempt.finish(Buffer.alloc(10), primary, identity.publicKey)).toBeUndefined();
  });
});
