import type { PhoneNumber } from '@trunkline/core';
import { type BinaryNode, initAuthCreds } from 'baileys';
import { expect, test } from 'vitest';
import { BROWSER } from '../socket/open-socket.js';
import { offerPairingCode } from './pairing-code.js';

const NUMBER = '15550001' as PhoneNumber;

function offer(query: (node: BinaryNode) => Promise<BinaryNode | undefined>): Promise<string> {
  return offerPairingCode({ creds: initAuthCreds(), browser: BROWSER, number: NUMBER, query });
}

test('the code is offered under the number, and the key inside is wrapped with salt and IV', async () => {
  const asked: BinaryNode[] = [];
  const code = await offer(async (node) => {
    asked.push(node);
    return { tag: 'iq', attrs: { type: 'result' } };
  });
  expect(code).toMatch(/^[1-9A-HJ-NP-TV-Z]{8}$/);
  const [hello] = Array.isArray(asked[0]?.content) ? asked[0].content : [];
  expect(hello?.attrs).toMatchObject({ jid: '15550001@s.whatsapp.net', stage: 'companion_hello' });
  const [wrapped] = Array.isArray(hello?.content) ? hello.content : [];
  expect(wrapped?.content).toHaveLength(80);
});

test('a refusal of WhatsApp and a missing answer are errors, not codes that nobody can type', async () => {
  await expect(offer(async () => Promise.reject(new Error('bad-request')))).rejects.toThrow('bad-request');
  await expect(offer(async () => undefined)).rejects.toThrow('did not answer');
});
