/** Pairing by code on one connection: the device says hello, the person types, the device proves it shows that code. */
import { randomBytes } from 'node:crypto';
import { isServerJid, parseJid, SERVER_JID } from '../wire/jid.js';
import { child, childBytes, el, type Node } from '../wire/node.js';
import type { Account } from '../world/account.js';
import { badRequest, iqFailure, iqResult } from './iq.js';
import { CodeAttempt, isWrappedKey } from './pairing-code.js';
import { PairingError } from './pairing-error.js';
import type { PendingAnswers } from './pending-answers.js';

const TAG = 'link_code_companion_reg';
const FINISH = 'companion_finish';

interface Hello {
  number: string;
  ref: Buffer;
  wrappedEphemeral: Buffer;
  at: number;
}

export class CodePairing {
  #hello: Hello | undefined;

  constructor(
    private readonly send: (node: Node) => void,
    private readonly answers: PendingAnswers,
  ) {}

  /** The number the device wants to be linked to, and since when. */
  get hello(): { number: string; at: number } | undefined {
    return this.#hello;
  }

  /** Takes a request of the device; false when it is none of pairing by code. */
  accept(iq: Node): boolean {
    const body = child(iq, TAG);
    if (body === undefined) return false;
    const stage = body.attrs.stage;
    if (stage === FINISH) this.answers.settle(FINISH, iq);
    else if (stage === 'get_country_code') {
      this.send(iqResult(iq, [el(TAG, { stage }, [el('country_code', { iso: 'US' })])]));
    } else this.send(stage === 'companion_hello' ? this.#greet(iq, body) : iqFailure(iq, badRequest()));
    return true;
  }

  /** Tries a typed code; resolves with the pairing secret, throws {@link PairingError} when the device shows another. */
  async attempt(account: Account, code: string, identityKey: Buffer): Promise<Buffer> {
    const hello = this.#hello;
    if (hello === undefined) throw new PairingError('WRONG_CODE', 'No device is waiting for a code of this number.');
    const attempt = await CodeAttempt.begin(code, hello.wrappedEphemeral);
    const answer = this.answers.expect(FINISH);
    this.send(primaryHello(account, hello, attempt));
    const finish = await answer;
    const body = child(finish, TAG);
    const bundle = childBytes(body, 'link_code_pairing_wrapped_key_bundle');
    const named = childBytes(body, 'companion_identity_public');
    const secret =
      bundle && named?.equals(identityKey) ? attempt.finish(bundle, account.record.identity, named) : undefined;
    if (finish !== undefined) this.send(secret === undefined ? iqFailure(finish, badRequest()) : iqResult(finish));
    if (secret !== undefined) return secret;
    throw new PairingError('WRONG_CODE', 'This is not the code the device shows. Read it again.');
  }

  #greet(iq: Node, body: Node): Node {
    const wrapped = childBytes(body, 'link_code_pairing_wrapped_companion_ephemeral_pub');
    const number = parseJid(body.attrs.jid)?.user;
    if (!isWrappedKey(wrapped) || !number || !isServerJid(iq.attrs.to)) return iqFailure(iq, badRequest());
    const ref = Buffer.from(randomBytes(33).toString('base64'));
    this.#hello = { number, ref, wrappedEphemeral: wrapped, at: Date.now() };
    return iqResult(iq, [el(TAG, { stage: 'companion_hello' }, [el('link_code_pairing_ref', {}, ref)])]);
  }
}

function primaryHello(account: Account, hello: Hello, attempt: CodeAttempt): Node {
  const attrs = { type: TAG, from: SERVER_JID, id: randomBytes(8).toString('hex'), t: Math.floor(Date.now() / 1000) };
  return el('notification', attrs, [
    el(TAG, { stage: 'primary_hello' }, [
      el('link_code_pairing_wrapped_primary_ephemeral_pub', {}, attempt.wrappedEphemeral),
      el('primary_identity_pub', {}, account.record.identity.publicKey),
      el('link_code_pairing_ref', {}, hello.ref),
    ]),
  ]);
}
