import { jidDecode, proto, type SignalCreds, type SignalRepositoryWithLIDStore } from 'baileys';
import {
  GroupCipher,
  GroupSessionBuilder,
  ProtocolAddress,
  SenderKeyDistributionMessage,
  SenderKeyName,
  SessionBuilder,
  SessionCipher,
} from 'whatsapp-rust-bridge';
import type { PhoneKeys } from '../auth/phone-keys.js';
import type { DecryptionLedger } from './decryption-ledger.js';
import { KeyedLock } from './keyed-lock.js';
import type { LidMapping } from './lid-mapping.js';
import { pad, unpad } from './message-padding.js';
import { migrateSessions } from './migrate-sessions.js';
import { RatchetStep } from './ratchet-step.js';
import { hasOpenSession, sessionInfo } from './session-record.js';
import { addressText, type SignalAddress, senderKeyId, signalAddress } from './signal-address.js';
import { SignalFailure, signalFailure } from './signal-failure.js';

type Repository = SignalRepositoryWithLIDStore;

export interface SignalRepositoryInput {
  readonly creds: SignalCreds;
  readonly keys: PhoneKeys;
  readonly lidMapping: LidMapping;
  readonly ledger: DecryptionLedger;
}

/**
 * The Signal protocol of one phone in Rust, in the shape the library wants. A ratchet step is durable before its
 * result is used: a ciphertext that left was never encrypted with a counter that a crash would use again, and a
 * plaintext that was read commits together with the step that made it unreadable.
 */
export class SignalRepository implements Repository {
  readonly lidMapping: LidMapping;
  readonly #creds: SignalCreds;
  readonly #keys: PhoneKeys;
  readonly #ledger: DecryptionLedger;
  readonly #lock = new KeyedLock();

  constructor(input: SignalRepositoryInput) {
    this.lidMapping = input.lidMapping;
    this.#creds = input.creds;
    this.#keys = input.keys;
    this.#ledger = input.ledger;
  }

  decryptMessage: Repository['decryptMessage'] = async ({ jid, type, ciphertext }) => {
    const address = await this.#sessionAddress(jid);
    const decrypt = async (step: RatchetStep): Promise<Uint8Array> => {
      using remote = new ProtocolAddress(address.user, address.device);
      using cipher = new SessionCipher(step, remote);
      return type === 'pkmsg'
        ? await cipher.decryptPreKeyWhisperMessage(ciphertext)
        : await cipher.decryptWhisperMessage(ciphertext);
    };
    return this.#decrypt(addressText(address), ciphertext, decrypt, (step, padded) =>
      this.#commitWithSenderKey(step, ciphertext, padded),
    );
  };

  decryptGroupMessage: Repository['decryptGroupMessage'] = ({ group, authorJid, msg }) => {
    const author = signalAddress(authorJid);
    const decrypt = async (step: RatchetStep): Promise<Uint8Array> => {
      using sender = new ProtocolAddress(author.user, author.device);
      using cipher = new GroupCipher(step, group, sender);
      return await cipher.decrypt(msg);
    };
    return this.#decrypt(senderKeyId(group, author), msg, decrypt, (step, padded) => this.#commit(step, msg, padded));
  };

  encryptMessage: Repository['encryptMessage'] = async ({ jid, data }) => {
    const address = await this.#sessionAddress(jid);
    const { type, body } = await this.#step(addressText(address), async (step) => {
      using remote = new ProtocolAddress(address.user, address.device);
      using cipher = new SessionCipher(step, remote);
      return await cipher.encrypt(data);
    });
    return { type: type === 3 ? 'pkmsg' : 'msg', ciphertext: Buffer.from(body) };
  };

  encryptGroupMessage: Repository['encryptGroupMessage'] = ({ group, meId, data }) => {
    const me = signalAddress(meId);
    return this.#step(senderKeyId(group, me), async (step) => {
      const senderKeyDistributionMessage = await distribution(step, group, me);
      using sender = new ProtocolAddress(me.user, me.device);
      using cipher = new GroupCipher(step, group, sender);
      return { senderKeyDistributionMessage, ciphertext: Buffer.from(await cipher.encrypt(data)) };
    });
  };

  getSenderKeyDistributionMessage: Repository['getSenderKeyDistributionMessage'] = ({ group, meId }) => {
    const me = signalAddress(meId);
    return this.#step(senderKeyId(group, me), (step) => distribution(step, group, me));
  };

  hasSenderKey: Repository['hasSenderKey'] = async ({ group, meId }) =>
    (await this.#keys.getOne('sender-key', senderKeyId(group, signalAddress(meId)))) !== null;

  processSenderKeyDistributionMessage: Repository['processSenderKeyDistributionMessage'] = async ({
    item,
    authorJid,
  }) => {
    const group = item.groupId;
    if (!group) throw new Error('a sender key names no group');
    const author = signalAddress(authorJid);
    await this.#step(senderKeyId(group, author), (step) => acceptSenderKey(step, item, author));
  };

  injectE2ESession: Repository['injectE2ESession'] = async ({ jid, session }) => {
    const address = await this.#sessionAddress(jid);
    const { registrationId, identityKey, signedPreKey, preKey } = session;
    await this.#step(addressText(address), async (step) => {
      using remote = new ProtocolAddress(address.user, address.device);
      using builder = new SessionBuilder(step, remote);
      await builder.initOutgoing({ registrationId, identityKey, signedPreKey, preKey });
    });
  };

  validateSession: Repository['validateSession'] = async (jid) => {
    const record = await this.#session(jid);
    if (record === null) return { exists: false, reason: 'no session' };
    return hasOpenSession(record) ? { exists: true } : { exists: false, reason: 'no open session' };
  };

  getSessionInfo: Repository['getSessionInfo'] = async (jid) => {
    const record = await this.#session(jid);
    return record === null ? null : sessionInfo(record);
  };

  deleteSession: Repository['deleteSession'] = async (jids) => {
    const addresses = jids.map((jid) => addressText(signalAddress(jid)));
    await this.#lock.runAll(addresses, () =>
      this.#keys.set({ session: Object.fromEntries(addresses.map((address) => [address, null])) }),
    );
  };

  migrateSession: Repository['migrateSession'] = (fromJid, toJid) =>
    migrateSessions({ keys: this.#keys, lock: this.#lock }, fromJid, toJid);

  jidToSignalProtocolAddress = (jid: string): string => addressText(signalAddress(jid));

  close = (): void => this.lidMapping.close();

  async #session(jid: string): Promise<Uint8Array | null> {
    return this.#keys.getOne('session', addressText(await this.#sessionAddress(jid)));
  }

  /** One account has one session per device, kept under its LID as soon as that is known. */
  async #sessionAddress(jid: string): Promise<SignalAddress> {
    const server = jidDecode(jid)?.server;
    const isNumber = server === 's.whatsapp.net' || server === 'hosted';
    const lid = isNumber ? await this.lidMapping.getLIDForPN(jid) : null;
    return signalAddress(lid ?? jid);
  }

  /** Runs one operation on one ratchet and commits what it changed. */
  #step<T>(ratchet: string, work: (step: RatchetStep) => Promise<T>): Promise<T> {
    return this.#lock.run(ratchet, async () => {
      const step = new RatchetStep(this.#keys, this.#creds);
      const result = await this.#attempt(step, work);
      await this.#keys.commit({ keys: step.rows });
      return result;
    });
  }

  #decrypt(
    ratchet: string,
    ciphertext: Uint8Array,
    work: (step: RatchetStep) => Promise<Uint8Array>,
    commit: (step: RatchetStep, padded: Uint8Array) => Promise<void>,
  ): Promise<Uint8Array> {
    return this.#lock.run(ratchet, async () => {
      const step = new RatchetStep(this.#keys, this.#creds);
      let padded: Uint8Array;
      try {
        padded = await this.#attempt(step, work);
      } catch (error) {
        if (!(error instanceof SignalFailure)) throw error;
        const known = await this.#ledger.recall(ciphertext);
        if (known !== null) return pad(known);
        this.#ledger.failed(ciphertext, error);
        throw error;
      }
      await commit(step, padded);
      return padded;
    });
  }

  async #attempt<T>(step: RatchetStep, work: (step: RatchetStep) => Promise<T>): Promise<T> {
    try {
      return await work(step);
    } catch (error) {
      throw step.storeError ?? signalFailure(error);
    }
  }

  /** Ratchet step, used prekey and plaintext: one commit, before any receipt leaves. */
  async #commit(step: RatchetStep, ciphertext: Uint8Array, padded: Uint8Array): Promise<void> {
    const plaintext = unpad(padded);
    const entry = plaintext === null ? null : this.#ledger.entryOf(ciphertext, plaintext);
    await this.#keys.commit({ keys: step.rows, ...(entry === null ? {} : { inbox: entry }) });
    if (entry !== null) this.#ledger.stored(ciphertext, entry);
  }

  /**
   * Like `#commit`, with the sender key that the message may carry. The library would store it a moment later; a
   * crash in between would lose it, because such a message on its own is not kept in the inbox.
   */
  async #commitWithSenderKey(step: RatchetStep, ciphertext: Uint8Array, padded: Uint8Array): Promise<void> {
    const item = senderKeyIn(unpad(padded));
    const authorJid = this.#ledger.authorOf(ciphertext);
    if (item === null || authorJid === null) return this.#commit(step, ciphertext, padded);
    const author = signalAddress(authorJid);
    await this.#lock.run(senderKeyId(item.groupId ?? '', author), async () => {
      // A broken sender key costs that group a retry and not this message.
      await acceptSenderKey(step, item, author).catch(() => {});
      await this.#commit(step, ciphertext, padded);
    });
  }
}

function senderKeyIn(plaintext: Uint8Array | null): proto.Message.ISenderKeyDistributionMessage | null {
  if (plaintext === null) return null;
  try {
    const message = proto.Message.decode(plaintext);
    const item = (message.deviceSentMessage?.message ?? message).senderKeyDistributionMessage;
    return item?.groupId ? item : null;
  } catch {
    return null;
  }
}

async function acceptSenderKey(
  step: RatchetStep,
  item: proto.Message.ISenderKeyDistributionMessage,
  author: SignalAddress,
): Promise<void> {
  using sender = new ProtocolAddress(author.user, author.device);
  using name = new SenderKeyName(item.groupId ?? '', sender);
  using message = SenderKeyDistributionMessage.deserialize(
    item.axolotlSenderKeyDistributionMessage ?? new Uint8Array(),
  );
  using builder = new GroupSessionBuilder(step);
  await builder.process(name, message);
}

async function distribution(step: RatchetStep, group: string, me: SignalAddress): Promise<Uint8Array> {
  using sender = new ProtocolAddress(me.user, me.device);
  using name = new SenderKeyName(group, sender);
  using builder = new GroupSessionBuilder(step);
  using message = await builder.create(name);
  return Buffer.from(message.serialize());
}
