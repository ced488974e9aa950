/** Opens the ciphertexts of one message stanza. */
import { proto } from 'baileys/WAProto/index.js';
import { bytes, children, type Node } from '../../wire/node.js';
import type { Endpoint } from '../world.js';
import { decryptFrom, isDuplicate, unpad } from './envelope.js';
import type { SignalStore } from './signal-store.js';

export type OpenedMessage =
  | { outcome: 'opened'; id: string; message: proto.IMessage }
  /** Opened before: to be confirmed, not to be shown again. */
  | { outcome: 'duplicate'; id: string }
  | { outcome: 'failed'; id: string; problem: string };

/** Decrypts what a stanza carries for us; never throws. */
export async function openMessage(store: SignalStore, sender: Endpoint, node: Node): Promise<OpenedMessage> {
  const id = node.attrs.id ?? '';
  let message: proto.IMessage | undefined;
  try {
    for (const enc of children(node, 'enc')) {
      const ciphertext = bytes(enc);
      if (ciphertext === undefined) continue;
      const plain = unpad(await decryptFrom(store, sender, enc.attrs.type ?? '', ciphertext));
      message = Object.assign(message ?? {}, proto.Message.decode(plain));
    }
  } catch (error) {
    return isDuplicate(error) ? { outcome: 'duplicate', id } : { outcome: 'failed', id, problem: String(error) };
  }
  if (message === undefined) return { outcome: 'failed', id, problem: 'the message carries nothing for us' };
  return { outcome: 'opened', id, message };
}
