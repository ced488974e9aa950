/** Retry receipts: asking for a message again, and reading the keys somebody else asked with. */
import { child, childBytes, el, type Node, readUint, uint } from '../../wire/node.js';
import type { Account } from '../account.js';
import type { Bundle } from '../bundle.js';
import type { SignalMemory } from './signal-memory.js';

const KEY_TYPE = Buffer.from([5]);

/** Asks the author of a message that could not be opened to send it again; from the second time on with fresh keys. */
export function retryReceipt(account: Account, signal: SignalMemory, node: Node, attempt: number): Node {
  const { id, from, participant, recipient, t } = node.attrs;
  const { registrationId, identity, signedPreKey } = account.record;
  const content = [
    el('retry', { count: attempt, id, t, v: 1, error: 0 }),
    el('registration', {}, uint(registrationId, 4)),
  ];
  if (attempt > 1) {
    const preKey = signal.issuePreKey();
    content.push(
      el('keys', {}, [
        el('type', {}, KEY_TYPE),
        el('identity', {}, identity.publicKey),
        el('key', {}, [el('id', {}, uint(preKey.id, 3)), el('value', {}, preKey.publicKey)]),
        el('skey', {}, [
          el('id', {}, uint(signedPreKey.id, 3)),
          el('value', {}, signedPreKey.pair.publicKey),
          el('signature', {}, signedPreKey.signature),
        ]),
      ]),
    );
  }
  return el('receipt', { id, to: from, type: 'retry', participant, recipient, t }, content);
}

/** The keys a retry receipt brings along; undefined when it brings none or they are incomplete. */
export function bundleInReceipt(receipt: Node): Bundle | undefined {
  const keys = child(receipt, 'keys');
  const signed = child(keys, 'skey');
  const one = child(keys, 'key');
  const registrationId = readUint(childBytes(receipt, 'registration'));
  const identityKey = childBytes(keys, 'identity');
  const signedId = readUint(childBytes(signed, 'id'));
  const signedKey = childBytes(signed, 'value');
  const signature = childBytes(signed, 'signature');
  if (registrationId === undefined || identityKey === undefined || signedId === undefined) return undefined;
  if (signedKey === undefined || signature === undefined) return undefined;
  const preKeyId = readUint(childBytes(one, 'id'));
  const preKey = childBytes(one, 'value');
  return {
    registrationId,
    identityKey,
    signedPreKey: { id: signedId, publicKey: signedKey, signature },
    ...(preKeyId === undefined || preKey === undefined ? {} : { preKey: { id: preKeyId, publicKey: preKey } }),
  };
}
