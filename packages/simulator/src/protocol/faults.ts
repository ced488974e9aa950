/** Deliberate disturbances: which connections they aim at, when they strike, and when they end. */
import { randomUUID } from 'node:crypto';
import type { Origin } from '../wire/chat-listener.js';
import { el } from '../wire/node.js';
import type { Account } from '../world/account.js';
import type { Connection } from './connection.js';
import { type FaultAction, isInstant, strike } from './fault-actions.js';
import type { Network } from './network.js';

export interface FaultOrder {
  org: string;
  /** A number, a connection tag, or `*` for everything of the organisation. */
  target: string;
  action: FaultAction;
  /** How many connections (or logins, or upgrades) it strikes; without it see {@link FaultBook.add}. */
  times?: number;
  forMs?: number;
}

export interface Fault extends FaultOrder {
  id: string;
  hits: number;
  createdAt: number;
}

export class FaultBook {
  #faults = new Map<string, Fault>();
  #timers = new Map<string, NodeJS.Timeout>();
  /** Connections a standing fault holds, to be released with it. */
  #held = new Map<string, Set<Connection>>();

  constructor(private readonly network: Network) {}

  /**
   * Puts a fault in force. One that happens in an instant strikes the live connections it aims at; given `times`, it
   * goes on with those that open later until used up. One that lasts stays until deleted, used up or out of time.
   */
  add(order: FaultOrder): Fault {
    const fault: Fault = { ...order, id: randomUUID(), hits: 0, createdAt: Date.now() };
    this.#faults.set(fault.id, fault);
    if (order.forMs !== undefined) {
      this.#timers.set(
        fault.id,
        setTimeout(() => this.#remove(fault), order.forMs),
      );
    }
    for (const connection of [...this.network.connections]) {
      if (connection.isEstablished && this.#isDue(fault, connection)) this.#hit(fault, connection);
    }
    if (isInstant(fault.action) && fault.times === undefined) this.#remove(fault);
    return fault;
  }

  list(org: string): Fault[] {
    return [...this.#faults.values()].filter((fault) => fault.org === org);
  }

  /** Ends a fault and what it holds; false when the organisation has no such fault. */
  delete(org: string, id: string): boolean {
    const fault = this.#faults.get(id);
    if (fault === undefined || fault.org !== org) return false;
    this.#remove(fault);
    return true;
  }

  clear(org?: string): void {
    for (const fault of [...this.#faults.values()]) if (org === undefined || fault.org === org) this.#remove(fault);
  }

  /** The HTTP status an upgrade is to be refused with. */
  refusalOf(origin: Origin): number | undefined {
    const account = this.network.accountByTag(origin.tag);
    const who = { origin, account };
    for (const fault of this.#faults.values()) {
      if (fault.action.kind !== 'refuse_upgrade' || !this.#isDue(fault, who)) continue;
      this.#count(fault);
      return fault.action.status;
    }
    return undefined;
  }

  /** Whether a handset is to lose the next message. */
  losesNext(account: Account): boolean {
    for (const fault of this.#faults.values()) {
      if (fault.action.kind !== 'retry_receipt' || !this.#isDue(fault, { origin: {}, account })) continue;
      this.#count(fault);
      return true;
    }
    return false;
  }

  /** Called when a client is identified but not yet answered; true when it was refused and must not be. */
  onOpened(connection: Connection): boolean {
    for (const fault of [...this.#faults.values()]) {
      if (!this.#isDue(fault, connection)) continue;
      if (fault.action.kind === 'failure') {
        this.#count(fault);
        connection.end(el('failure', { ...fault.action.attrs, reason: fault.action.reason }));
        return true;
      }
      if (fault.action.kind === 'freeze' || fault.action.kind === 'delay') this.#hit(fault, connection);
    }
    return false;
  }

  /** Called when a client is fully connected: faults with strikes left take it. */
  onEstablished(connection: Connection): void {
    connection.isEstablished = true;
    for (const fault of [...this.#faults.values()]) {
      if (isInstant(fault.action) && this.#isDue(fault, connection)) this.#hit(fault, connection);
    }
  }

  #hit(fault: Fault, connection: Connection): void {
    const held = this.#held.get(fault.id) ?? new Set();
    if (held.has(connection)) return;
    if (!strike(connection, fault.action)) return;
    if (!isInstant(fault.action)) this.#held.set(fault.id, held.add(connection));
    this.#count(fault);
  }

  #count(fault: Fault): void {
    fault.hits++;
    // A used-up fault that holds connections stays listed until deleted, so that they can be released.
    const usedUp = fault.times !== undefined && fault.hits >= fault.times;
    if (usedUp && !this.#held.has(fault.id)) this.#remove(fault);
  }

  #isDue(fault: Fault, who: Pick<Connection, 'origin' | 'account'>): boolean {
    if (fault.times !== undefined && fault.hits >= fault.times) return false;
    const org = who.account?.org ?? who.origin.org;
    if (fault.target === '*') return org === fault.org;
    if (who.account?.number === fault.target) return org === fault.org;
    return who.origin.tag === fault.target && (org === undefined || org === fault.org);
  }

  #remove(fault: Fault): void {
    clearTimeout(this.#timers.get(fault.id));
    this.#timers.delete(fault.id);
    this.#faults.delete(fault.id);
    for (const connection of this.#held.get(fault.id) ?? []) {
      if (fault.action.kind === 'freeze') connection.link.setFrozen(false);
      if (fault.action.kind === 'delay') connection.link.setDelay(0);
    }
    this.#held.delete(fault.id);
  }
}
