/** Rebuilds accounts, devices, prekeys and mailboxes from what the journal held at opening. */
import { Account, type AccountRecord, Device, type DeviceRecord, type Picture } from './account.js';
import type { Journal } from './journal.js';
import type { Parcel } from './mailbox.js';

/**
 * The journal is our own file, checksummed record by record, so a value under one of our keys has the shape we wrote.
 * This is the one place that says so to the compiler.
 */
export function* entriesOf<T>(journal: Journal, prefix: string): Iterable<[path: string[], value: T]> {
  for (const [key, value] of journal.found(`${prefix}/`)) yield [key.split('/').slice(1), value as T];
}

/** All accounts of a journal with their devices, keys and waiting stanzas, oldest first. */
export function restoreAccounts(journal: Journal): Account[] {
  const accounts = new Map<string, Account>();
  for (const [, record] of entriesOf<AccountRecord>(journal, 'acct')) {
    accounts.set(record.number, new Account(record, journal));
  }
  for (const [[number = ''], picture] of entriesOf<Picture>(journal, 'pic')) {
    const account = accounts.get(number);
    if (account !== undefined) account.picture = picture;
  }
  for (const [[number = ''], record] of entriesOf<DeviceRecord>(journal, 'dev')) {
    const account = accounts.get(number);
    account?.devices.set(record.index, new Device(account, record, journal));
  }
  restorePrekeys(journal, accounts);
  restoreMailboxes(journal, accounts);
  const oldestFirst = [...accounts.values()].sort((a, b) => a.record.createdAt - b.record.createdAt);
  for (const account of oldestFirst) sortDevices(account);
  return oldestFirst;
}

function restorePrekeys(journal: Journal, accounts: Map<string, Account>): void {
  const uploads = new Map<Device, { sequence: number; packed: Buffer }[]>();
  const offsets = new Map<Device, number>();
  const find = (path: string[]): Device | undefined => accounts.get(path[0] ?? '')?.devices.get(Number(path[1]));
  for (const [path, packed] of entriesOf<Buffer>(journal, 'pku')) {
    const device = find(path);
    if (device === undefined) continue;
    const list = uploads.get(device) ?? [];
    list.push({ sequence: Number(path[2]), packed });
    uploads.set(device, list);
  }
  for (const [path, offset] of entriesOf<number>(journal, 'pko')) {
    const device = find(path);
    if (device !== undefined) offsets.set(device, offset);
  }
  for (const [device, list] of uploads) device.prekeys.restore(list, offsets.get(device) ?? 0);
}

function restoreMailboxes(journal: Journal, accounts: Map<string, Account>): void {
  const parcels = new Map<Account | Device, Parcel[]>();
  for (const [path, value] of entriesOf<Omit<Parcel, 'sequence'>>(journal, 'box')) {
    const account = accounts.get(path[0] ?? '');
    const index = Number(path[1]);
    const owner = index === 0 ? account : account?.devices.get(index);
    if (owner === undefined) continue;
    const list = parcels.get(owner) ?? [];
    list.push({ ...value, sequence: Number(path[2]) });
    parcels.set(owner, list);
  }
  for (const [owner, list] of parcels) owner.mailbox.restore(list);
}

function sortDevices(account: Account): void {
  const sorted = [...account.devices].sort(([a], [b]) => a - b);
  account.devices.clear();
  for (const [index, device] of sorted) account.devices.set(index, device);
}
