/** One `<to>` of a fan-out: a plaintext sealed for one device. */
import type { Addressing } from '../../wire/jid.js';
import { el, type Node } from '../../wire/node.js';
import { type Bundle, takeBundle } from '../bundle.js';
import type { Endpoint } from '../world.js';
import { encryptFor, hasSession, pad, startSession } from './envelope.js';
import type { HandsetParts } from './parts.js';
import type { SignalStore } from './signal-store.js';

/** Seals for a device, starting a session where there is none; throws when the device has no keys. */
export async function seal(
  parts: HandsetParts,
  store: SignalStore,
  target: { endpoint: Endpoint; addressing: Addressing },
  plain: Uint8Array,
): Promise<Node> {
  const { endpoint, addressing } = target;
  if (!(await hasSession(store, endpoint))) await beginSession(parts, store, endpoint);
  const { type, ciphertext } = await encryptFor(store, endpoint, pad(plain));
  return el('to', { jid: endpoint.account.jid(addressing, endpoint.index) }, [el('enc', { v: 2, type }, ciphertext)]);
}

/** Starts a session from given keys, or from those the network has. */
export async function beginSession(
  parts: HandsetParts,
  store: SignalStore,
  endpoint: Endpoint,
  given?: Bundle,
): Promise<void> {
  const bundle = given ?? takeBundle(endpoint, parts.keys);
  if (bundle === undefined) throw new Error(`no keys for device ${endpoint.index} of ${endpoint.account.number}`);
  await startSession(store, endpoint, bundle);
}
