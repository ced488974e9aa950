/** What the network owes to one device: encoded stanzas in order, kept until the device confirms them. */
import type { Journal } from './journal.js';

export interface Parcel {
  readonly sequence: number;
  /** Tag of the stanza: message, receipt, notification, call. */
  readonly kind: string;
  readonly id: string;
  /** What the stanza counts as in statistics. */
  readonly label: string;
  readonly encoded: Buffer;
}

/** What a device that never comes back can pile up. */
const MAX_PARCELS = 100_000;

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
  add(stanza: Omit<Parcel, 'sequence'>): Parcel {
    const parcel: Parcel = { ...stanza, sequence: this.#sequence + 1 };
    this.#hold(parcel);
    this.journal.put(this.#key(parcel.sequence), stanza);
    if (this.#parcels.size > MAX_PARCELS) this.#dropOldest();
    return parcel;
  }

  /** All parcels not confirmed yet, oldest first. */
  waiting(): Parcel[] {
    return [...this.#parcels.values()];
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

  #dropOldest(): void {
    for (const { kind, id } of this.#parcels.values()) {
      this.confirm(kind, id);
      return;
    }
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
