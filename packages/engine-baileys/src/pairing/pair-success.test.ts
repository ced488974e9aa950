import { createHmac } from 'node:crypto';
import { type AuthenticationCreds, type BinaryNode, Curve, initAuthCreds, proto } from 'baileys';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { installRustCurve } from '../curve/rust-curve.js';
import { answerPairSuccess } from './pair-success.js';

beforeAll(installRustCurve);

const handset = Curve.generateKeyPair();
let creds: AuthenticationCreds;
let told: string[];

beforeEach(() => {
  creds = initAuthCreds();
  told = [];
});

/** What WhatsApp passes on from a handset that scanned; signed by the handset or by somebody else. */
function pairSuccess(signer = handset): BinaryNode {
  const details = proto.ADVDeviceIdentity.encode({ rawId: 1, timestamp: 1, keyIndex: 1 }).finish();
  const signed = Buffer.concat([Buffer.from([6, 0]), details, creds.signedIdentityKey.public]);
  const account = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: handset.public,
    accountSignature: Curve.sign(signer.private, signed),
  }).finish();
  const hmac = createHmac('sha256', Buffer.from(creds.advSecretKey, 'base64')).update(account).digest();
  const identity = proto.ADVSignedDeviceIdentityHMAC.encode({ details: account, hmac }).finish();
  const content = [
    { tag: 'device-identity', attrs: {}, content: identity },
    { tag: 'device', attrs: { jid: '15550001:4@s.whatsapp.net', lid: '90001:4@lid' } },
    { tag: 'platform', attrs: { name: 'smba' } },
    { tag: 'biz', attrs: { name: 'Shop' } },
  ];
  return { tag: 'iq', attrs: { id: '7' }, content: [{ tag: 'pair-success', attrs: {}, content }] };
}

const answer = (stanza: BinaryNode, more: { refuse?: boolean; store?: () => Promise<void> } = {}) =>
  answerPairSuccess({
    stanza,
    creds,
    judge: async ({ number }) => {
      told.push(`judged ${number}`);
      return more.refuse ? { accept: false, reason: 'another number' } : { accept: true };
    },
    store:
      more.store ??
      (async () => {
        await new Promise((resolve) => setImmediate(resolve));
        told.push(`stored ${creds.me?.id}`);
      }),
    send: async ({ attrs, content }) => {
      const [child] = Array.isArray(content) ? content : [];
      told.push(`sent ${attrs.type} ${attrs.id} ${child?.tag}`);
    },
  });

test('the handset is told after the link is stored, and not before', async () => {
  expect(await answer(pairSuccess())).toEqual({
    kind: 'paired',
    identity: { number: '15550001', lid: '90001', device: 4, platform: 'smba', isBusiness: true, name: 'Shop' },
  });
  expect(told).toEqual(['judged 15550001', 'stored 15550001:4@s.whatsapp.net', 'sent result 7 pair-device-sign']);
});

test('a pairing that we do not want is refused and changes nothing', async () => {
  expect(await answer(pairSuccess(), { refuse: true })).toEqual({ kind: 'refused', reason: 'another number' });
  expect(told).toEqual(['judged 15550001', 'sent error 7 error']);
  expect([creds.me, creds.account]).toEqual([undefined, undefined]);
});

test('a link that cannot be stored is not confirmed', async () => {
  await expect(answer(pairSuccess(), { store: () => Promise.reject(new Error('no database')) })).rejects.toThrow(
    'no database',
  );
  expect(told).toEqual(['judged 15550001']);
});

test('a forged signature is refused before anybody hears of the pairing', async () => {
  await expect(answer(pairSuccess(Curve.generateKeyPair()))).rejects.toThrow('account signature');
  expect(told).toEqual(['sent error 7 error']);
});
