/** A WhatsApp account with its handset (device 0) and its linked devices. */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { type CurveKeyPair, newKeyPair, sign, typedKey } from '../wire/curve.js';
import { type Addressing, formatJid, LID_SERVER, PN_SERVER } from '../wire/jid.js';
import type { Journal } from './journal.js';
import { Mailbox } from './mailbox.js';
import { PrekeyPool, type SignedPreKey } from './prekeys.js';

export type Platform = 'android' | 'ios';

export interface Picture {
  id: string;
  data: Buffer;
}

/** The key under which the handset and its linked devices share their settings. */
export interface AppStateKey {
  id: Buffer;
  data: Buffer;
  timestampMs: number;
}

/** What the journal keeps of an account, apart from devices, keys and messages, which have their own entries. */
export interface AccountRecord {
  number: string;
  lid: string;
  org: string;
  name: string;
  about: string;
  platform: Platform;
  business: boolean;
  identity: CurveKeyPair;
  registrationId: number;
  signedPreKey: { id: number; pair: CurveKeyPair; signature: Buffer };
  appStateKey: AppStateKey;
  nextDevice: number;
  createdAt: number;
  privacy: Record<string, string>;
  /** LIDs of people this account has blocked. */
  blocked: string[];
  /** Numbers of those who hold this account's device list and must be told when it changes. */
  watchers: string[];
}

/** What the journal keeps of a linked device. */
export interface DeviceRecord {
  index: number;
  keyIndex: number;
  noiseKey: Buffer;
  identityKey: Buffer;
  /** The identity document both sides have signed, as bundles carry it. */
  deviceIdentity: Buffer;
  registrationId: number;
  signedPreKey: SignedPreKey;
  /** False until the device has uploaded keys: then the handset shares its settings and history. */
  settled: boolean;
  linkedAt: number;
}

export class Device {
  readonly mailbox: Mailbox;
  readonly prekeys: PrekeyPool;

  constructor(
    readonly account: Account,
    readonly record: DeviceRecord,
    journal: Journal,
  ) {
    const owner = `${account.number}/${record.index}`;
    this.mailbox = new Mailbox(journal, owner);
    this.prekeys = new PrekeyPool(journal, owner);
  }

  get index(): number {
    return this.record.index;
  }

  jid(addressing: Addressing = 'pn'): string {
    return this.account.jid(addressing, this.index);
  }
}

export class Account {
  readonly devices = new Map<number, Device>();
  /** What waits for the handset itself. */
  readonly mailbox: Mailbox;
  picture: Picture | undefined;

  constructor(
    readonly record: AccountRecord,
    journal: Journal,
  ) {
    this.mailbox = new Mailbox(journal, `${record.number}/0`);
  }

  get number(): string {
    return this.record.number;
  }

  get lid(): string {
    return this.record.lid;
  }

  get org(): string {
    return this.record.org;
  }

  /** The address of the account or of one of its devices. */
  jid(addressing: Addressing = 'pn', device = 0): string {
    return addressing === 'lid' ? formatJid(this.lid, LID_SERVER, device) : formatJid(this.number, PN_SERVER, device);
  }
}

const DEFAULT_PRIVACY: Record<string, string> = {
  readreceipts: 'all',
  last: 'all',
  online: 'all',
  profile: 'all',
  status: 'all',
  groupadd: 'all',
  calladd: 'all',
  messages: 'all',
};

/** Digits that look like a LID and are the same for the same number. */
function lidOf(number: string): string {
  const digest = createHash('sha256').update(`lid of ${number}`).digest();
  return String(100_000_000_000_000n + (digest.readBigUInt64BE(0) % 900_000_000_000_000n));
}

/** A new account with fresh keys. */
export function newAccountRecord(input: {
  number: string;
  org: string;
  name: string;
  platform: Platform;
  business: boolean;
}): AccountRecord {
  const identity = newKeyPair();
  const pair = newKeyPair();
  return {
    ...input,
    lid: lidOf(input.number),
    about: 'Hey there! I am using WhatsApp.',
    identity,
    registrationId: randomInt(1, 16_380),
    signedPreKey: { id: 1, pair, signature: sign(identity.privateKey, typedKey(pair.publicKey)) },
    appStateKey: {
      id: Buffer.concat([Buffer.from([0, 0]), randomBytes(4)]),
      data: randomBytes(32),
      timestampMs: Date.now(),
    },
    nextDevice: 1,
    createdAt: Date.now(),
    privacy: { ...DEFAULT_PRIVACY },
    blocked: [],
    watchers: [],
  };
}
