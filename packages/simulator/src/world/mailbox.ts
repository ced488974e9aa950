/** What the network owes to one device: encoded stanzas in order, kept until the device confirms them. */
import type { Journal } from './journal.js';

export interface Parcel {
  readonly sequence: number;
  /** Tag of the stanza: message, receipt, notification, call. */
  readonly kind: string;
  readonly id: string;
  readonly encoded: Buffer;
}

export class Mailbox {
  #parcels = new Map<number, Parcel>();
  #byId = new Map<string, number[]>();
  #sequence = 0;

  constructor(
    private readonly journal: Journal,
    private readonly owner: string,
  ) {}

  get size(): number {
    return this.#parcels.size;
  }

  /** Restores parcels found in a journal. */
  restore(parcels: Parcel[]): void {
    for (const parcel of parcels.toSorted((a, b) => a.sequence - b.sequence)) this.#hold(parcel);
  }

  /** Takes a stanza into care; on return it survives the process. */
  add(kind: string, id: string, encoded: Buffer): Parcel {
    const parcel: Parcel = { sequence: this.#sequence + 1, kind, id, encoded };
    this.#hold(parcel);
    this.journal.put(this.#key(parcel.sequence), [kind, id, encoded]);
    return parcel;
  }

  /** All parcels not confirmed yet, oldest first. */
  waiting(): Parcel[] {
    return [...this.#parcels.values()];
  }

  /** Parcels after a given one, oldest first, at most so many. */
  after(sequence: number, limit: number): Parcel[] {
    const found: Parcel[] = [];
    for (const parcel of this.#parcels.values()) {
      if (parcel.sequence <= sequence) continue;
      found.push(parcel);
      if (found.length === limit) break;
    }
    return found;
  }

  /** The device has it: forgets the oldest parcel of this kind and id. Returns false when there is none. */
  confirm(kind: string, id: string): boolean {
    const key = `${kind} ${id}`;
    const sequences = this.#byId.get(key);
    const sequence = sequences?.shift();
    if (sequences === undefined || sequence === undefined) return false;
    if (sequences.length === 0) this.#byId.delete(key);
    this.#parcels.delete(sequence);
    this.journal.delete(this.#key(sequence));
    return true;
  }

  /** Forgets everything. */
  clear(): void {
    this.journal.transaction(() => {
      for (const sequence of this.#parcels.keys()) this.journal.delete(this.#key(sequence));
    });
    this.#parcels.clear();
    this.#byId.clear();
  }

  #hold(parcel: Parcel): void {
    this.#sequence = parcel.sequence;
    this.#parcels.set(parcel.sequence, parcel);
    const key = `${parcel.kind} ${parcel.id}`;
    const sequences = this.#byId.get(key);
    if (sequences === undefined) this.#byId.set(key, [parcel.sequence]);
    else sequences.push(parcel.sequence);
  }

  #key(sequence: number): string {
    return `box/${this.owner}/${sequence}`;
  }
}
