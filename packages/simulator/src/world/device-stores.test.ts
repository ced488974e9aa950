import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newKeyPair } from '../wire/curve.js';
import type { DeviceRecord } from './account.js';
import { Journal } from './journal.js';
import { packPreKeys } from './prekeys.js';
import { NumberTakenError, World } from './world.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'world-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = () => new World(Journal.open(join(directory, 'world.journal')));
const keys = (from: number, count: number) =>
  packPreKeys(
    Array.from({ length: count }, (_, n) => ({
      id: Buffer.from([0, 0, from + n]),
      publicKey: Buffer.alloc(32, from + n),
    })),
  );

function linkedDevice(world: World) {
  const account = world.createAccount({
    number: '919820000001',
    org: 'o',
    name: 'Asha',
    platform: 'ios',
    business: false,
  });
  const index = world.reserveDeviceIndex(account);
  const record: DeviceRecord = {
    index,
    keyIndex: index,
    noiseKey: newKeyPair().publicKey,
    identityKey: newKeyPair().publicKey,
    deviceIdentity: Buffer.from('signed'),
    registrationId: 7,
    signedPreKey: { id: 1, publicKey: newKeyPair().publicKey, signature: Buffer.alloc(64) },
    settled: true,
    linkedAt: Date.now(),
  };
  return world.addDevice(account, record);
}

describe('one-time keys', () => {
  it('are each given out once, oldest first, also over restarts and uploads', () => {
    const device = linkedDevice(open());
    device.prekeys.add(keys(1, 3));
    device.prekeys.add(keys(4, 2));
    expect([device.prekeys.take()?.id, device.prekeys.take()?.id, device.prekeys.count]).toEqual([1, 2, 3]);
    const again = open().account('919820000001')?.devices.get(1)?.prekeys;
    expect(again?.count).toBe(3);
    expect([again?.take(), again?.take(), again?.take(), again?.take()].map((key) => key?.id)).toEqual([
      3,
      4,
      5,
      undefined,
    ]);
    const dry = open().account('919820000001')?.devices.get(1)?.prekeys;
    dry?.add(keys(6, 1));
    expect([dry?.count, dry?.take()?.id]).toEqual([1, 6]);
  });

  it('are digested in the order they will be given out', () => {
    const { prekeys, record } = linkedDevice(open());
    prekeys.add(keys(1, 3));
    prekeys.take();
    const { ids, hash } = prekeys.digest(record.identityKey, record.signedPreKey);
    const expected = createHash('sha1')
      .update(record.identityKey)
      .update(record.signedPreKey.publicKey)
      .update(record.signedPreKey.signature)
      .update(Buffer.alloc(32, 2))
      .update(Buffer.alloc(32, 3));
    expect(ids).toEqual([2, 3]);
    expect(hash.equals(expected.digest())).toBe(true);
  });
});

describe('a mailbox', () => {
  const parcel = (id: string, kind = 'message') => ({ kind, id, label: kind, encoded: Buffer.from(id) });

  it('keeps order and confirms each parcel once, over restarts', () => {
    const { mailbox } = linkedDevice(open());
    for (const id of ['a', 'b', 'a', 'c']) mailbox.add(parcel(id));
    mailbox.add(parcel('a', 'receipt'));
    expect(mailbox.confirm('message', 'a')).toBe(true);
    expect(mailbox.confirm('message', 'x')).toBe(false);
    const again = open().account('919820000001')?.devices.get(1)?.mailbox;
    expect(again?.waiting().map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'message b',
      'message a',
      'message c',
      'receipt a',
    ]);
    again?.add(parcel('d'));
    expect(again?.waiting().at(-1)?.sequence).toBe(6);
  });
});

describe('the world', () => {
  it('has a number once, and a device index once in its life', () => {
    const world = open();
    const device = linkedDevice(world);
    expect(() => linkedDevice(world)).toThrow(NumberTakenError);
    world.removeDevice(device);
    expect(world.reserveDeviceIndex(device.account)).toBe(2);
    expect(open().account('919820000001')?.record.nextDevice).toBe(3);
  });

  it('finds people by either address, their devices too', () => {
    const world = open();
    const { account } = linkedDevice(world);
    expect(world.resolve(account.jid('lid', 1))).toEqual({ account, index: 1, addressing: 'lid' });
    expect(world.resolve(account.jid('pn'))).toEqual({ account, index: 0, addressing: 'pn' });
    expect(world.resolve('919820000001@c.us')?.account).toBe(account);
    expect(world.resolve('919829999999@s.whatsapp.net')).toBeUndefined();
    expect(world.resolve('120363041@g.us')).toBeUndefined();
  });

  it('forgets an account with all it had', () => {
    const world = open();
    const { account, prekeys, mailbox } = linkedDevice(world);
    prekeys.add(keys(1, 3));
    mailbox.add(parcelOf('x'));
    world.setPicture(account, Buffer.from('jpeg'));
    world.removeAccount(account);
    expect([...open().accounts()]).toEqual([]);
    expect([...Journal.open(join(directory, 'world.journal')).found('')]).toEqual([]);
  });
});

const parcelOf = (id: string) => ({ kind: 'message', id, label: 'message', encoded: Buffer.from(id) });
