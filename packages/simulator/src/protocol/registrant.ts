/** A connection that wants to become a linked device: shows refs for a QR, says hello for a code, and is paired. */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isServerJid, parseJid, SERVER_JID } from '../wire/jid.js';
import { child, childBytes, el, type Node } from '../wire/node.js';
import type { Account, Device } from '../world/account.js';
import { acceptDeviceIdentity, offerDeviceIdentity } from '../world/device-identity.js';
import type { Registration } from './client-payload.js';
import type { Connection, Role } from './connection.js';
import { IqError, iqFailure, iqResult } from './iq.js';
import { CodeAttempt, isWrappedKey } from './pairing-code.js';

const REFS = 6;
/** Longer than any client shows its codes; then the connection is closed as the real network does. */
const LIFETIME_MS = 600_000;
const ANSWER_TIMEOUT_MS = 15_000;
const HANDSET_LAG_MS = 100;

/** Why a pairing did not come about. */
export class PairingError extends Error {
  constructor(
    readonly code: 'QR_EXPIRED' | 'WRONG_CODE',
    message: string,
  ) {
    super(message);
  }
}

interface CodeHello {
  number: string;
  ref: Buffer;
  wrappedEphemeral: Buffer;
  at: number;
}

export class Registrant implements Role {
  readonly refs: string[] = [];
  #hello: CodeHello | undefined;
  #waiting = new Map<string, (node: Node | undefined) => void>();
  #lifetime: NodeJS.Timeout | undefined;
  #pairing = false;
  #closed = false;

  constructor(
    readonly connection: Connection,
    private readonly registration: Registration,
    private readonly noiseKey: Buffer,
  ) {}

  /** Offers refs for QR codes. */
  start(): void {
    for (let n = 0; n < REFS; n++) this.refs.push(`2@${randomBytes(66).toString('base64')}`);
    const refs = this.refs.map((ref) => el('ref', {}, Buffer.from(ref)));
    this.connection.send(this.#request('set', [el('pair-device', {}, refs)]));
    this.#lifetime = setTimeout(() => this.connection.end(), LIFETIME_MS);
    this.connection.network.faults.onEstablished(this.connection);
  }

  /** The number this connection wants to be linked to by code, and since when. */
  get hello(): { number: string; at: number } | undefined {
    return this.#hello;
  }

  receive(node: Node): void {
    const id = node.attrs.id ?? '';
    const kind = node.attrs.type;
    if (node.tag === 'iq' && (kind === 'result' || kind === 'error')) {
      this.#waiting.get(id)?.(node);
      return;
    }
    if (node.tag === 'iq') {
      this.#answer(node);
      return;
    }
    if (node.tag === 'ib' || node.tag === 'presence' || node.tag === 'ack') return;
    this.connection.network.stats.unknown(node);
  }

  closed(): void {
    this.#closed = true;
    clearTimeout(this.#lifetime);
    for (const settle of this.#waiting.values()) settle(undefined);
    this.#waiting.clear();
  }

  /** True when a scanned code was shown by this very connection. */
  shows(noiseKey: Buffer, identityKey: Buffer): boolean {
    return this.noiseKey.equals(noiseKey) && this.registration.identityKey.equals(identityKey) && !this.#pairing;
  }

  /** Makes this connection a linked device of an account; throws {@link PairingError}. */
  async pair(account: Account, advSecret: Buffer): Promise<Device> {
    if (this.#pairing) throw new PairingError('QR_EXPIRED', 'This code was scanned already. Scan a fresh one.');
    this.#pairing = true;
    const { network } = this.connection;
    const index = network.world.reserveDeviceIndex(account);
    const { identityKey, registrationId, signedPreKey } = this.registration;
    const offer = offerDeviceIdentity(account, identityKey, advSecret, index);
    const platform = account.record.business ? { android: 'smba', ios: 'smbi' } : { android: 'android', ios: 'iphone' };
    const answer = await this.#ask(
      this.#request('set', [
        el('pair-success', {}, [
          el('device-identity', {}, offer.sealed),
          ...(account.record.business ? [el('biz', { name: account.record.name })] : []),
          el('device', { jid: account.jid('pn', index), lid: account.jid('lid', index) }),
          el('platform', { name: platform[account.record.platform] }),
        ]),
      ]),
    );
    const signed = childBytes(child(answer, 'pair-device-sign'), 'device-identity');
    const deviceIdentity = signed && acceptDeviceIdentity(account, offer, identityKey, signed);
    if (deviceIdentity === undefined) {
      this.connection.end(el('stream:error', { code: 500 }));
      throw new PairingError('QR_EXPIRED', 'The device did not confirm the pairing. Scan a fresh code.');
    }
    const device = network.world.addDevice(account, {
      index,
      keyIndex: index,
      noiseKey: this.noiseKey,
      identityKey,
      deviceIdentity,
      registrationId,
      signedPreKey,
      settled: false,
      linkedAt: Date.now(),
    });
    network.post.announceDevices(account, 'add', device);
    this.connection.end(el('stream:error', { code: 515 }));
    return device;
  }

  /** Tries a typed code; throws {@link PairingError} when it is not the one this connection shows. */
  async pairByCode(account: Account, code: string): Promise<Device> {
    const hello = this.#hello;
    if (hello === undefined) throw new PairingError('WRONG_CODE', 'No device is waiting for a code of this number.');
    const attempt = await CodeAttempt.begin(code, hello.wrappedEphemeral);
    const finish = await this.#awaitFinish(
      el('notification', { type: 'link_code_companion_reg', from: SERVER_JID, ...this.#stamp() }, [
        el('link_code_companion_reg', { stage: 'primary_hello' }, [
          el('link_code_pairing_wrapped_primary_ephemeral_pub', {}, attempt.wrappedEphemeral),
          el('primary_identity_pub', {}, account.record.identity.publicKey),
          el('link_code_pairing_ref', {}, hello.ref),
        ]),
      ]),
    );
    const body = child(finish, 'link_code_companion_reg');
    const bundle = childBytes(body, 'link_code_pairing_wrapped_key_bundle');
    const identity = childBytes(body, 'companion_identity_public');
    const secret =
      bundle && identity?.equals(this.registration.identityKey)
        ? attempt.finish(bundle, account.record.identity, identity)
        : undefined;
    if (secret === undefined) {
      if (finish !== undefined) this.connection.send(iqFailure(finish, new IqError(400, 'bad-request')));
      throw new PairingError('WRONG_CODE', 'This is not the code the device shows. Read it again.');
    }
    if (finish !== undefined) this.connection.send(iqResult(finish));
    // The handset is another machine far away; clients count on its answer not coming together with the network's.
    await pause(HANDSET_LAG_MS);
    return this.pair(account, secret);
  }

  #answer(iq: Node): void {
    const body = child(iq);
    if (body?.tag === 'link_code_companion_reg') {
      this.#linkCode(iq, body);
      return;
    }
    if (body?.tag !== 'ping' && iq.attrs.xmlns !== 'w:p') this.connection.network.stats.unknown(iq);
    this.connection.send(iqResult(iq));
  }

  #linkCode(iq: Node, body: Node): void {
    const stage = body.attrs.stage;
    if (stage === 'companion_finish') {
      this.#waiting.get('companion_finish')?.(iq);
      return;
    }
    if (stage === 'get_country_code') {
      const country = el('link_code_companion_reg', { stage }, [el('country_code', { iso: 'US' })]);
      this.connection.send(iqResult(iq, [country]));
      return;
    }
    const wrapped = childBytes(body, 'link_code_pairing_wrapped_companion_ephemeral_pub');
    const number = parseJid(body.attrs.jid)?.user;
    if (stage !== 'companion_hello' || !isWrappedKey(wrapped) || !number || !isServerJid(iq.attrs.to)) {
      this.connection.send(iqFailure(iq, new IqError(400, 'bad-request')));
      return;
    }
    const ref = randomBytes(33).toString('base64');
    this.#hello = { number, ref: Buffer.from(ref), wrappedEphemeral: wrapped, at: Date.now() };
    const answer = el('link_code_companion_reg', { stage }, [el('link_code_pairing_ref', {}, Buffer.from(ref))]);
    this.connection.send(iqResult(iq, [answer]));
  }

  #request(type: string, content: Node[]): Node {
    return el('iq', { type, xmlns: 'md', from: SERVER_JID, ...this.#stamp() }, content);
  }

  #stamp(): { id: string; t: number } {
    return { id: randomBytes(8).toString('hex'), t: Math.floor(Date.now() / 1000) };
  }

  #ask(node: Node): Promise<Node | undefined> {
    const answer = this.#await(node.attrs.id ?? '');
    this.connection.send(node);
    return answer;
  }

  #awaitFinish(hello: Node): Promise<Node | undefined> {
    const answer = this.#await('companion_finish');
    this.connection.send(hello);
    return answer;
  }

  /** Waits for the stanza of that key; undefined when it does not come in time or the connection ends. */
  #await(key: string): Promise<Node | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const settle = (node: Node | undefined): void => {
        clearTimeout(deadline);
        this.#waiting.delete(key);
        resolve(node);
      };
      const deadline = setTimeout(() => settle(undefined), ANSWER_TIMEOUT_MS);
      this.#waiting.set(key, settle);
    });
  }
}
