/** All virtual phones of the network. */
import type { Addressing } from '../../wire/jid.js';
import type { Account, Device } from '../account.js';
import type { HandsetKeySource } from '../bundle.js';
import type { Parcel } from '../mailbox.js';
import type { PreKey } from '../prekeys.js';
import type { World } from '../world.js';
import { ChatLog } from './chat-log.js';
import { Handset } from './handset.js';
import type { HandsetParts } from './parts.js';
import type { Post } from './post.js';
import { restoreHandsets } from './restore-handsets.js';
import { RetryCount } from './retry-count.js';
import { SignalMemory, type SignalState } from './signal-memory.js';

export interface HandsetSurroundings {
  world: World;
  post: Post;
  losesNext: (account: Account) => boolean;
  warn: (message: string, fields: Record<string, unknown>) => void;
}

export class Handsets implements HandsetKeySource {
  #phones = new Map<Account, { handset: Handset; parts: HandsetParts }>();

  constructor(private readonly surroundings: HandsetSurroundings) {
    const { world } = surroundings;
    const found = restoreHandsets(world.journal);
    for (const account of world.accounts()) {
      const { state, messages, addressing } = found(account.number);
      const { parts } = this.#create(account, state);
      parts.log.restore(messages);
      for (const [partner, form] of addressing) parts.addressing.set(partner, form);
    }
  }

  /** The virtual phone of an account. */
  of(account: Account): Handset {
    return this.#of(account).handset;
  }

  /** Lets every phone work off what waited for it when the network last stopped. */
  resume(): void {
    for (const account of this.surroundings.world.accounts()) {
      for (const parcel of account.mailbox.waiting()) this.receive(account, parcel);
    }
  }

  /** Resolves when every phone has done what was begun so far. */
  async settled(): Promise<void> {
    await Promise.all([...this.#phones.values()].map(({ handset }) => handset.settled()));
  }

  receive(account: Account, parcel: Parcel): void {
    this.of(account).receive(parcel);
  }

  takePreKey(account: Account): PreKey {
    return this.#of(account).parts.signal.issuePreKey();
  }

  /** Remembers under which address somebody writes to us, as that is where they keep their session. */
  learnAddressing(account: Account, partner: Account, addressing: Addressing): void {
    const { handset, parts } = this.#of(account);
    if (handset.addressingOf(partner) === addressing) return;
    parts.addressing.set(partner.number, addressing);
    this.surroundings.world.journal.put(`adr/${account.number}/${partner.number}`, addressing);
  }

  /** Gives a device that is ready for it the settings key and the history. */
  bootstrap(device: Device): void {
    this.of(device.account).bootstrap(device);
  }

  /** Forgets an account's phone, and everybody's sessions with it: whoever gets the number next has other keys. */
  remove(account: Account): void {
    const phone = this.#phones.get(account);
    this.#phones.delete(account);
    for (const { parts } of this.#phones.values()) parts.signal.forgetUser(account.lid);
    if (phone === undefined) return;
    const { signal, log, addressing } = phone.parts;
    signal.clear();
    log.clear();
    for (const partner of addressing.keys()) {
      this.surroundings.world.journal.delete(`adr/${account.number}/${partner}`);
    }
  }

  #of(account: Account): { handset: Handset; parts: HandsetParts } {
    return this.#phones.get(account) ?? this.#create(account, undefined);
  }

  #create(account: Account, state: SignalState | undefined): { handset: Handset; parts: HandsetParts } {
    const { world, post, losesNext, warn } = this.surroundings;
    const parts: HandsetParts = {
      account,
      world,
      post,
      keys: this,
      losesNext,
      signal: new SignalMemory(world.journal, account.number, state),
      log: new ChatLog(world.journal, account.number),
      addressing: new Map(),
      retries: new RetryCount(),
    };
    const handset = new Handset(parts, ({ number }, error) =>
      warn('a handset could not finish something', { number, error: String(error) }),
    );
    const phone = { handset, parts };
    this.#phones.set(account, phone);
    return phone;
  }
}
