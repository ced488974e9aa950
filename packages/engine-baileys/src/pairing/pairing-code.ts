import { randomBytes } from 'node:crypto';
import { EngineRefused, type PhoneNumber } from '@trunkline/core';
import {
  type AuthenticationCreds,
  aesEncryptCTR,
  type BinaryNode,
  bytesToCrockford,
  derivePairingCodeKey,
  getCompanionPlatformId,
  S_WHATSAPP_NET,
  type WABrowserDescription,
} from 'baileys';

/**
 * Asks WhatsApp to accept a typed code for this number. Written here and not left to the library, because the library
 * ignores the answer: a number that is not on WhatsApp or a rate limit would look like a code that nobody types.
 */
export async function offerPairingCode(input: {
  readonly creds: AuthenticationCreds;
  readonly browser: WABrowserDescription;
  readonly number: PhoneNumber;
  readonly query: (node: BinaryNode) => Promise<BinaryNode | undefined>;
}): Promise<string> {
  const { creds, browser, number } = input;
  const code = bytesToCrockford(randomBytes(5));
  const jid = `${number}@s.whatsapp.net`;
  const wrapped = await wrapEphemeralKey(code, creds.pairingEphemeralKeyPair.public);
  // The library finishes the exchange when the handset answers, and reads both from the credentials.
  creds.pairingCode = code;
  creds.me = { id: jid, name: '~' };
  const answer = await input.query({
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'md' },
    content: [
      {
        tag: 'link_code_companion_reg',
        attrs: { jid, stage: 'companion_hello', should_show_push_notification: 'true' },
        content: [
          { tag: 'link_code_pairing_wrapped_companion_ephemeral_pub', attrs: {}, content: wrapped },
          { tag: 'companion_server_auth_key_pub', attrs: {}, content: creds.noiseKey.public },
          { tag: 'companion_platform_id', attrs: {}, content: getCompanionPlatformId(browser) },
          { tag: 'companion_platform_display', attrs: {}, content: `${browser[1]} (${browser[0]})` },
          { tag: 'link_code_pairing_nonce', attrs: {}, content: '0' },
        ],
      },
    ],
  });
  if (answer === undefined) throw new EngineRefused('WhatsApp did not answer: ask for a new code', 'on-wire');
  return code;
}

async function wrapEphemeralKey(code: string, publicKey: Uint8Array): Promise<Buffer> {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const key = await derivePairingCodeKey(code, salt);
  return Buffer.concat([salt, iv, aesEncryptCTR(publicKey, key, iv)]);
}
