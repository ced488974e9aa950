/** Who is available and who is typing to whom. Nothing here is kept: it is only passed on to who listens now. */
import { child, el, type Node } from '../wire/node.js';
import type { Account } from '../world/account.js';
import type { Endpoint } from '../world/world.js';
import type { Companion } from './companion.js';
import type { Network } from './network.js';

export class PresenceBoard {
  /** Who wants to know about whom. */
  #subscribers = new Map<Account, Set<Companion>>();
  #available = new Set<Account>();

  constructor(private readonly network: Network) {}

  /** Takes a presence or chatstate stanza of a linked device. */
  accept(from: Companion, node: Node): void {
    if (node.tag === 'chatstate') {
      this.chatState({ account: from.device.account, index: from.device.index }, node);
      return;
    }
    const { type, name, to } = node.attrs;
    if (type === 'subscribe') {
      this.#subscribe(from, to);
      return;
    }
    if (name !== undefined && name !== '') from.pushName = name;
    this.announce(from.device.account, type !== 'unavailable');
  }

  /** Passes somebody's availability on to those who asked. */
  announce(account: Account, available: boolean): void {
    if (available) this.#available.add(account);
    else this.#available.delete(account);
    for (const companion of this.#subscribers.get(account) ?? []) companion.whisper(this.#presence(account));
  }

  /** Passes typing or its end on to all devices of the other side. */
  chatState(from: Endpoint, node: Node): void {
    const target = this.network.world.resolve(node.attrs.to);
    const state = child(node);
    if (target === undefined || state === undefined) return;
    const jid = from.account.jid(target.addressing);
    for (const device of target.account.devices.values()) {
      this.network
        .companion(device)
        ?.whisper(el('chatstate', { from: jid, to: device.jid(target.addressing) }, [state]));
    }
  }

  #subscribe(companion: Companion, jid: string | undefined): void {
    const target = this.network.world.resolve(jid);
    if (target === undefined) return;
    const listeners = this.#subscribers.get(target.account) ?? new Set();
    this.#subscribers.set(target.account, listeners);
    for (const listener of listeners) if (listener.connection.link.isClosed) listeners.delete(listener);
    listeners.add(companion);
    companion.whisper(this.#presence(target.account));
  }

  #presence(account: Account): Node {
    return el('presence', { from: account.jid(), type: this.#available.has(account) ? undefined : 'unavailable' });
  }
}
