/** Which number stands behind which LID, as one phone learns it. Pure: rows in, changes out. */
import type { Address, Lid, PhoneNumber } from '@trunkline/core';

export interface Person {
  readonly number: PhoneNumber | null;
  readonly lid: Lid | null;
  readonly name: string | null;
}

export interface IdentityRow extends Person {
  readonly identityId: number;
}

/** What a live stanza says replaces what is known; history may be old, so it only fills what is not known. */
export type Authority = 'live' | 'history';

export interface IdentityChanges {
  readonly added: readonly Person[];
  /** Rows that differ from what was read, as they are to be. */
  readonly updated: readonly IdentityRow[];
  readonly deleted: readonly number[];
  /** Pairs that were not known before: what is stored under the LID belongs to the number. */
  readonly learned: readonly { readonly lid: Lid; readonly number: PhoneNumber }[];
}

interface Entry {
  readonly id: number | null;
  number: PhoneNumber | null;
  lid: Lid | null;
  name: string | null;
  changed: boolean;
}

export class IdentityBook {
  readonly #byNumber = new Map<PhoneNumber, Entry>();
  readonly #byLid = new Map<Lid, Entry>();
  readonly #deleted: number[] = [];
  readonly #learned: { lid: Lid; number: PhoneNumber }[] = [];

  /** `rows` must hold every row that names a number or LID that will be learned. */
  constructor(rows: readonly IdentityRow[]) {
    for (const row of rows) {
      this.#index({ id: row.identityId, number: row.number, lid: row.lid, name: row.name, changed: false });
    }
  }

  learn(person: Person, authority: Authority): void {
    const entry = this.#place(person, authority);
    if (entry === null || person.name === null || person.name === entry.name) return;
    if (authority === 'history' && entry.name !== null) return;
    entry.name = person.name;
    entry.changed = true;
  }

  /** The address with whatever is known of the person. */
  complete(address: Address): Address {
    const entry = this.#find(address);
    return { number: address.number ?? entry?.number ?? null, lid: address.lid ?? entry?.lid ?? null };
  }

  changes(): IdentityChanges {
    const changed = [...new Set([...this.#byNumber.values(), ...this.#byLid.values()])].filter(
      (entry) => entry.changed,
    );
    const person = ({ number, lid, name }: Entry) => ({ number, lid, name });
    return {
      added: changed.filter((entry) => entry.id === null).map(person),
      updated: changed.flatMap((entry) => (entry.id === null ? [] : [{ identityId: entry.id, ...person(entry) }])),
      deleted: this.#deleted,
      learned: this.#learned,
    };
  }

  #place(person: Person, authority: Authority): Entry | null {
    const { number, lid } = person;
    if (number === null || lid === null) {
      return number === null && lid === null ? null : (this.#find(person) ?? this.#add(number, lid));
    }
    const ofNumber = this.#byNumber.get(number);
    const ofLid = this.#byLid.get(lid);
    if (ofNumber !== undefined && ofNumber === ofLid) return ofNumber;
    const contradicts = (ofNumber?.lid ?? null) !== null || (ofLid?.number ?? null) !== null;
    if (contradicts && authority === 'history') return null;
    return this.#join(number, lid);
  }

  /** Makes the pair one entry. A number moves between accounts and an account between numbers: the latest pair holds. */
  #join(number: PhoneNumber, lid: Lid): Entry {
    this.#learned.push({ lid, number });
    const ofNumber = this.#byNumber.get(number);
    if (ofNumber !== undefined && ofNumber.lid !== null) this.#detachNumber(ofNumber);
    const ofLid = this.#byLid.get(lid);
    if (ofLid !== undefined && ofLid.number !== null) this.#detachNumber(ofLid);
    const kept = this.#byNumber.get(number) ?? ofLid ?? this.#add(number, lid);
    if (ofLid !== undefined && kept !== ofLid) {
      kept.name ??= ofLid.name;
      if (ofLid.id !== null) this.#deleted.push(ofLid.id);
    }
    kept.number = number;
    kept.lid = lid;
    kept.changed = true;
    this.#index(kept);
    return kept;
  }

  #detachNumber(entry: Entry): void {
    if (entry.number !== null) this.#byNumber.delete(entry.number);
    entry.number = null;
    entry.changed = true;
  }

  #add(number: PhoneNumber | null, lid: Lid | null): Entry {
    const entry: Entry = { id: null, number, lid, name: null, changed: true };
    this.#index(entry);
    return entry;
  }

  #index(entry: Entry): void {
    if (entry.number !== null) this.#byNumber.set(entry.number, entry);
    if (entry.lid !== null) this.#byLid.set(entry.lid, entry);
  }

  #find({ number, lid }: Address): Entry | undefined {
    return (
      (number === null ? undefined : this.#byNumber.get(number)) ?? (lid === null ? undefined : this.#byLid.get(lid))
    );
  }
}
