import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/** Calls between our own processes are signed with a secret that every node derives from the master key. */
export function clusterSecret(masterKey: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', 'trunkline cluster calls v1', 32));
}

const HEADER = 'x-trunkline-signature';
/** A signature is good once; a node forgets one only after so many later ones. No clock is involved. */
const REMEMBERED = 10_000;

export function signCall(secret: Uint8Array, nodeId: string, path: string, body: string): Record<string, string> {
  const nonce = randomBytes(16).toString('hex');
  return { [HEADER]: `${nonce}.${digest(secret, nodeId, path, nonce, body)}` };
}

/** Checks signatures of calls to one node, and that none comes twice. */
export class CallVerifier {
  readonly #secret: Uint8Array;
  readonly #nodeId: string;
  readonly #seen = new Set<string>();

  constructor(secret: Uint8Array, nodeId: string) {
    this.#secret = secret;
    this.#nodeId = nodeId;
  }

  accepts(header: string | undefined, path: string, body: string): boolean {
    const [nonce = '', given = ''] = header?.split('.') ?? [];
    const wanted = digest(this.#secret, this.#nodeId, path, nonce, body);
    if (given.length !== wanted.length || !timingSafeEqual(Buffer.from(given), Buffer.from(wanted))) return false;
    if (this.#seen.has(nonce)) return false;
    this.#seen.add(nonce);
    if (this.#seen.size > REMEMBERED) for (const oldest of this.#seen) return this.#seen.delete(oldest);
    return true;
  }
}

export function signatureOf(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const value = headers[HEADER];
  return typeof value === 'string' ? value : undefined;
}

function digest(secret: Uint8Array, nodeId: string, path: string, nonce: string, body: string): string {
  return createHmac('sha256', secret).update([nodeId, path, nonce, body].join('\n')).digest('hex');
}
