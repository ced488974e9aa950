/** Everything that exists on the network, found by number, by LID or by address, and kept in the journal. */
import { randomBytes } from 'node:crypto';
import { type Addressing, LID_SERVER, PN_SERVER, parseJid } from '../wire/jid.js';
import { Account, type AccountRecord, Device, type DeviceRecord, newAccountRecord, type Picture } from './account.js';
import type { Journal } from './journal.js';
import { restoreAccounts } from './restore-accounts.js';

/** Where a stanza goes: the handset of an account (index 0) or one of its linked devices. */
export interface Endpoint {
  account: Account;
  index: number;
}

export interface ResolvedAddress extends Endpoint {
  addressing: Addressing;
}

/** The number belongs to somebody already; there is one network, so the owner may be another organisation. */
export class NumberTakenError extends Error {
  constructor(number: string) {
    super(`The number ${number} exists on this network already. Use another number.`);
  }
}

export class World {
  readonly #byNumber = new Map<string, Account>();
  readonly #byLid = new Map<string, Account>();
  readonly #pictures = new Map<string, Picture>();

  constructor(readonly journal: Journal) {
    for (const account of restoreAccounts(journal)) this.#index(account);
  }

  accounts(): Iterable<Account> {
    return this.#byNumber.values();
  }

  /** Accounts of one organisation, in the order they were made. */
  accountsOf(org: string): Account[] {
    return [...this.#byNumber.values()].filter((account) => account.org === org);
  }

  account(number: string): Account | undefined {
    return this.#byNumber.get(number);
  }

  /** Finds who an address names, in either addressing. */
  resolve(jid: string | undefined): ResolvedAddress | undefined {
    const parsed = parseJid(jid);
    if (parsed === undefined) return undefined;
    const addressing = parsed.server === LID_SERVER ? 'lid' : parsed.server === PN_SERVER ? 'pn' : undefined;
    if (addressing === undefined) return undefined;
    const account = (addressing === 'lid' ? this.#byLid : this.#byNumber).get(parsed.user);
    return account === undefined ? undefined : { account, index: parsed.device, addressing };
  }

  /** Makes an account with fresh keys; throws {@link NumberTakenError}. */
  createAccount(input: Parameters<typeof newAccountRecord>[0]): Account {
    if (this.#byNumber.has(input.number)) throw new NumberTakenError(input.number);
    const account = new Account(newAccountRecord(input), this.journal);
    this.#index(account);
    this.saveAccount(account);
    return account;
  }

  /** Removes an account with everything it had. Its live connections are the caller's to close. */
  removeAccount(account: Account): void {
    this.journal.transaction(() => {
      for (const device of [...account.devices.values()]) this.removeDevice(device);
      account.mailbox.clear();
      this.journal.delete(`acct/${account.number}`);
      this.journal.delete(`pic/${account.number}`);
    });
    this.#byNumber.delete(account.number);
    this.#byLid.delete(account.lid);
    if (account.picture !== undefined) this.#pictures.delete(account.picture.id);
  }

  saveAccount(account: Account): void {
    const record: AccountRecord = account.record;
    this.journal.put(`acct/${account.number}`, record);
  }

  /** Sets or clears the profile picture; every change has a new id. */
  setPicture(account: Account, data: Buffer | undefined): Picture | undefined {
    const picture = data === undefined ? undefined : { id: String(randomBytes(4).readUInt32BE(0)), data };
    if (account.picture !== undefined) this.#pictures.delete(account.picture.id);
    if (picture !== undefined) this.#pictures.set(picture.id, picture);
    account.picture = picture;
    if (picture === undefined) this.journal.delete(`pic/${account.number}`);
    else this.journal.put(`pic/${account.number}`, picture);
    return picture;
  }

  /** Finds a profile picture by its id. */
  picture(id: string): Picture | undefined {
    return this.#pictures.get(id);
  }

  /** Reserves the next device index of an account; indexes are never used twice. */
  reserveDeviceIndex(account: Account): number {
    const index = account.record.nextDevice++;
    this.saveAccount(account);
    return index;
  }

  addDevice(account: Account, record: DeviceRecord): Device {
    const device = new Device(account, record, this.journal);
    account.devices.set(record.index, device);
    this.saveDevice(device);
    return device;
  }

  saveDevice(device: Device): void {
    this.journal.put(`dev/${device.account.number}/${device.index}`, device.record);
  }

  removeDevice(device: Device): void {
    this.journal.transaction(() => {
      device.mailbox.clear();
      device.prekeys.clear();
      this.journal.delete(`dev/${device.account.number}/${device.index}`);
    });
    device.account.devices.delete(device.index);
  }

  #index(account: Account): void {
    this.#byNumber.set(account.number, account);
    this.#byLid.set(account.lid, account);
    if (account.picture !== undefined) this.#pictures.set(account.picture.id, account.picture);
  }
}
