/** A connection that wants to become a linked device: it shows refs for a QR, may ask for a code, and is paired. */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { SERVER_JID } from '../wire/jid.js';
import { child, childBytes, el, type Node } from '../wire/node.js';
import type { Account, Device } from '../world/account.js';
import { acceptDeviceIdentity, offerDeviceIdentity } from '../world/device-identity.js';
import type { Registration } from './client-payload.js';
import { CodePairing } from './code-pairing.js';
import type { Connection, Role } from './connection.js';
import { iqResult } from './iq.js';
import { PairingError } from './pairing-error.js';
import { PendingAnswers } from './pending-answers.js';

const REFS = 6;
/** Longer than any client shows its codes; then the connection is closed as the real network does. */
const LIFETIME_MS = 600_000;
/** The handset is another machine far away; clients count on its answer not coming together with the network's. */
const HANDSET_LAG_MS = 100;
const IGNORED = new Set(['ib', 'presence', 'ack']);
/** What the network calls a handset's platform, by whether it is a business account. */
const PLATFORM_NAMES = {
  android: { personal: 'android', business: 'smba' },
  ios: { personal: 'iphone', business: 'smbi' },
};

export class Registrant implements Role {
  readonly refs: string[] = [];
  readonly #answers = new PendingAnswers();
  readonly #code: CodePairing;
  #lifetime: NodeJS.Timeout | undefined;
  #pairing = false;

  constructor(
    readonly connection: Connection,
    private readonly registration: Registration,
    private readonly noiseKey: Buffer,
  ) {
    this.#code = new CodePairing((node) => connection.send(node), this.#answers);
  }

  /** Offers refs for QR codes. */
  start(): void {
    for (let n = 0; n < REFS; n++) this.refs.push(`2@${randomBytes(66).toString('base64')}`);
    const refs = this.refs.map((ref) => el('ref', {}, Buffer.from(ref)));
    this.connection.send(pairingRequest([el('pair-device', {}, refs)]));
    this.#lifetime = setTimeout(() => this.connection.end(), LIFETIME_MS);
    this.connection.network.faults.onEstablished(this.connection);
  }

  /** The number this connection wants to be linked to by code, and since when. */
  get hello(): { number: string; at: number } | undefined {
    return this.#code.hello;
  }

  receive(node: Node): void {
    const { id = '', type, xmlns } = node.attrs;
    if (IGNORED.has(node.tag)) return;
    if (node.tag === 'iq' && (type === 'result' || type === 'error')) this.#answers.settle(id, node);
    else if (node.tag !== 'iq') this.connection.network.stats.unknown(node);
    else if (!this.#code.accept(node)) {
      if (xmlns !== 'w:p') this.connection.network.stats.unknown(node);
      this.connection.send(iqResult(node));
    }
  }

  closed(): void {
    clearTimeout(this.#lifetime);
    this.#answers.close();
  }

  /** True when a scanned code was shown by this very connection and is not used up. */
  shows(noiseKey: Buffer, identityKey: Buffer): boolean {
    return this.noiseKey.equals(noiseKey) && this.registration.identityKey.equals(identityKey) && !this.#pairing;
  }

  /** Makes this connection a linked device of an account; throws {@link PairingError}. */
  async pair(account: Account, advSecret: Buffer): Promise<Device> {
    if (this.#pairing) throw new PairingError('QR_EXPIRED', 'This code was scanned already. Scan a fresh one.');
    this.#pairing = true;
    const { network } = this.connection;
    const { identityKey, registrationId, signedPreKey } = this.registration;
    const index = network.world.reserveDeviceIndex(account);
    const offer = offerDeviceIdentity(account, identityKey, advSecret, index);
    const request = pairingRequest([pairSuccess(account, index, offer.sealed)]);
    const answered = this.#answers.expect(request.attrs.id ?? '');
    this.connection.send(request);
    const signed = childBytes(child(await answered, 'pair-device-sign'), 'device-identity');
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
    network.notices.announceDevices(account, 'add', device);
    this.connection.end(el('stream:error', { code: 515 }));
    return device;
  }

  /** Tries a typed code; throws {@link PairingError} when it is not the one this connection shows. */
  async pairByCode(account: Account, code: string): Promise<Device> {
    const secret = await this.#code.attempt(account, code, this.registration.identityKey);
    await pause(HANDSET_LAG_MS);
    return this.pair(account, secret);
  }
}

function pairingRequest(content: Node[]): Node {
  const attrs = { type: 'set', xmlns: 'md', from: SERVER_JID, id: randomBytes(8).toString('hex') };
  return el('iq', { ...attrs, t: Math.floor(Date.now() / 1000) }, content);
}

function pairSuccess(account: Account, index: number, sealedIdentity: Buffer): Node {
  const { business, name, platform } = account.record;
  return el('pair-success', {}, [
    el('device-identity', {}, sealedIdentity),
    ...(business ? [el('biz', { name })] : []),
    el('device', { jid: account.jid('pn', index), lid: account.jid('lid', index) }),
    el('platform', { name: PLATFORM_NAMES[platform][business ? 'business' : 'personal'] }),
  ]);
}
