/** The handset's half of pairing by an eight-character code. */
import { createCipheriv, createDecipheriv, hkdfSync, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { agree, type CurveKeyPair, newKeyPair } from '../wire/curve.js';

const derive = promisify(pbkdf2);
const ITERATIONS = 131_072;
const SALT_BYTES = 32;
const IV_BYTES = 16;
const WRAPPED_BYTES = 80;
const GCM_IV_BYTES = 12;
const GCM_TAG_BYTES = 16;
const EMPTY = Buffer.alloc(0);

async function unwrap(code: string, wrapped: Buffer): Promise<Buffer> {
  const key = await derive(code, wrapped.subarray(0, SALT_BYTES), ITERATIONS, 32, 'sha256');
  const cipher = createDecipheriv('aes-256-ctr', key, wrapped.subarray(SALT_BYTES, SALT_BYTES + IV_BYTES));
  return Buffer.concat([cipher.update(wrapped.subarray(SALT_BYTES + IV_BYTES)), cipher.final()]);
}

async function wrap(code: string, publicKey: Buffer): Promise<Buffer> {
  const salt = randomBytes(SALT_BYTES);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-ctr', await derive(code, salt, ITERATIONS, 32, 'sha256'), iv);
  return Buffer.concat([salt, iv, cipher.update(publicKey), cipher.final()]);
}

/** One attempt with one typed code. A wrong code cannot be seen before the companion's answer fails to open. */
export class CodeAttempt {
  private constructor(
    private readonly ephemeral: CurveKeyPair,
    private readonly companionEphemeral: Buffer,
    /** For primary_hello: our ephemeral key, wrapped with the typed code. */
    readonly wrappedEphemeral: Buffer,
  ) {}

  /** Starts an attempt from what the companion sent in companion_hello. */
  static async begin(code: string, wrappedCompanionEphemeral: Buffer): Promise<CodeAttempt> {
    const ephemeral = newKeyPair();
    const companionEphemeral = await unwrap(code, wrappedCompanionEphemeral);
    return new CodeAttempt(ephemeral, companionEphemeral, await wrap(code, ephemeral.publicKey));
  }

  /** Opens the companion's key bundle and derives the pairing secret; undefined when the code was wrong. */
  finish(bundle: Buffer, primary: CurveKeyPair, companionIdentity: Buffer): Buffer | undefined {
    try {
      const shared = agree(this.ephemeral.privateKey, this.companionEphemeral);
      const plain = openBundle(shared, bundle);
      const random = plain.subarray(64, 96);
      const named = plain.subarray(0, 32).equals(companionIdentity) && plain.subarray(32, 64).equals(primary.publicKey);
      if (!named || random.length !== 32) return undefined;
      const secret = Buffer.concat([shared, agree(primary.privateKey, companionIdentity), random]);
      return Buffer.from(hkdfSync('sha256', secret, EMPTY, 'adv_secret', 32));
    } catch {
      return undefined;
    }
  }
}

function openBundle(shared: Buffer, bundle: Buffer): Buffer {
  const salt = bundle.subarray(0, SALT_BYTES);
  const iv = bundle.subarray(SALT_BYTES, SALT_BYTES + GCM_IV_BYTES);
  const box = bundle.subarray(SALT_BYTES + GCM_IV_BYTES);
  const info = 'link_code_pairing_key_bundle_encryption_key';
  const key = Buffer.from(hkdfSync('sha256', shared, salt, info, 32));
  const cipher = createDecipheriv('aes-256-gcm', key, iv);
  cipher.setAuthTag(box.subarray(box.length - GCM_TAG_BYTES));
  return Buffer.concat([cipher.update(box.subarray(0, box.length - GCM_TAG_BYTES)), cipher.final()]);
}

/** True when the wrapped key of companion_hello has the right size. */
export function isWrappedKey(data: Buffer | undefined): data is Buffer {
  return data?.length === WRAPPED_BYTES;
}
