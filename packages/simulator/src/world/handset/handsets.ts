/** All virtual phones of the network. */

import type { CurveKeyPair } from '../../wire/curve.js';
import type { Addressing } from '../../wire/jid.js';
import type { Account, Device } from '../account.js';
import type { HandsetKeySource } from '../bundle.js';
import type { Parcel } from '../mailbox.js';
import type { PreKey } from '../prekeys.js';
import { entriesOf } from '../restore-accounts.js';
import type { World } from '../world.js';
import { type Arrival, applyMessage } from './apply-message.js';
import { ChatLog, type LoggedMessage } from './chat-log.js';
import { Handset } from './handset.js';
import type { Post } from './post.js';
import { SignalMemory, type SignalState } from './signal-memory.js';

type Report = (level: 'warn', message: string, fields: Record<string, unknown>) => void;

interface Parts {
  handset: Handset;
  signal: SignalMemory;
  log: ChatLog;
}

export class Handsets implements HandsetKeySource {
  #parts = new Map<Account, Parts>();

  constructor(
    private readonly world: World,
    private readonly post: Post,
    private readonly warn: Report,
  ) {
    this.#restore();
  }

  /** The virtual phone of an account. */
  of(account: Account): Handset {
    return this.#of(account).handset;
  }

  /** Lets every phone work off what waited for it when the network last stopped. */
  resume(): void {
    for (const account of this.world.accounts()) {
      for (const parcel of account.mailbox.waiting()) this.receive(account, parcel);
    }
  }

  /** Resolves when every phone has done what was begun so far. */
  async settled(): Promise<void> {
    await Promise.all([...this.#parts.values()].map(({ handset }) => handset.settled()));
  }

  receive(account: Account, parcel: Parcel): void {
    this.of(account).receive(parcel);
  }

  takePreKey(account: Account): PreKey {
    return this.#of(account).signal.issuePreKey();
  }

  /** Remembers under which address somebody writes to us, as that is where they keep their session. */
  learnAddressing(account: Account, partner: Account, addressing: Addressing): void {
    const { handset } = this.#of(account);
    if (handset.addressingOf(partner) === addressing) return;
    handset.addressing.set(partner.number, addressing);
    this.world.journal.put(`adr/${account.number}/${partner.number}`, addressing);
  }

  /** Gives a freshly reachable device the settings key and the history. */
  bootstrap(device: Device): void {
    this.of(device.account)
      .bootstrap(device)
      .catch((error: unknown) => this.report(device.account, error));
  }

  /** Lets a decrypted message take effect in the owner's chats. */
  apply(handset: Handset, arrival: Arrival): void {
    applyMessage(this.world, handset.log, arrival);
  }

  remove(account: Account): void {
    const parts = this.#parts.get(account);
    if (parts === undefined) return;
    parts.signal.clear();
    parts.log.clear();
    for (const partner of parts.handset.addressing.keys()) {
      this.world.journal.delete(`adr/${account.number}/${partner}`);
    }
    this.#parts.delete(account);
  }

  report(account: Account, error: unknown): void {
    this.warn('warn', 'a handset could not finish something', { number: account.number, error: String(error) });
  }

  #of(account: Account): Parts {
    const existing = this.#parts.get(account);
    return existing ?? this.#create(account, undefined);
  }

  #create(account: Account, state: SignalState | undefined): Parts {
    const { journal } = this.world;
    const signal = new SignalMemory(journal, account.number, state);
    const log = new ChatLog(journal, account.number);
    const parts = { account, world: this.world, post: this.post, handsets: this, signal, log };
    const created = { signal, log, handset: new Handset(parts) };
    this.#parts.set(account, created);
    return created;
  }

  #restore(): void {
    const { journal } = this.world;
    const states = new Map<string, SignalState>();
    const stateOf = (number = ''): SignalState => {
      const state = states.get(number) ?? { sessions: new Map(), senderKeys: new Map(), oneTimeKeys: new Map() };
      states.set(number, state);
      return state;
    };
    for (const [[number, address = ''], record] of entriesOf<Buffer>(journal, 'ses')) {
      stateOf(number).sessions.set(address, record);
    }
    for (const [[number, ...name], record] of entriesOf<Buffer>(journal, 'snd')) {
      stateOf(number).senderKeys.set(name.join('/'), record);
    }
    for (const [[number, id], pair] of entriesOf<CurveKeyPair>(journal, 'otk')) {
      stateOf(number).oneTimeKeys.set(Number(id), pair);
    }
    const messages = new Map<string, LoggedMessage[]>();
    for (const [[number = ''], message] of entriesOf<LoggedMessage>(journal, 'msg')) {
      const list = messages.get(number);
      if (list === undefined) messages.set(number, [message]);
      else list.push(message);
    }
    for (const account of this.world.accounts()) {
      const parts = this.#create(account, states.get(account.number));
      parts.log.restore(messages.get(account.number) ?? []);
    }
    for (const [[number = '', partner = ''], addressing] of entriesOf<Addressing>(journal, 'adr')) {
      const account = this.world.account(number);
      if (account !== undefined) this.#of(account).handset.addressing.set(partner, addressing);
    }
  }
}
