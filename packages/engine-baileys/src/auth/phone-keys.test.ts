import { systemClock } from '@trunkline/core';
import { MemorySessionStore } from '@trunkline/testkit';
import { Curve, initAuthCreds, proto } from 'baileys';
import { beforeEach, describe, expect, test } from 'vitest';
import { noteOwnKeys, primeOwnKeys } from './own-keys.js';
import { PhoneKeys } from './phone-keys.js';
import { SessionWriter } from './session-writer.js';
import { SteadyStore } from './steady-store.js';

let store: MemorySessionStore;

beforeEach(() => {
  store = new MemorySessionStore();
});

function keysOn(isFresh = false): { keys: PhoneKeys; writer: SessionWriter } {
  const steady = new SteadyStore(store, systemClock, () => {});
  const writer = new SessionWriter({
    store: steady,
    clock: systemClock,
    held: isFresh,
    encodeCredentials: () => Buffer.from('creds'),
  });
  return { keys: new PhoneKeys(steady, writer, isFresh), writer };
}

test('every kind of key comes back as it was, also by another process', async () => {
  const pair = Curve.generateKeyPair();
  const appKey = proto.Message.AppStateSyncKeyData.fromObject({ keyData: Buffer.alloc(32, 7), timestamp: 5 });
  await keysOn().keys.set({
    'pre-key': { 1: pair },
    session: { 'a.0': Buffer.from('record') },
    'sender-key': { 'g::a::0': Buffer.from('sender') },
    'sender-key-memory': { 'g@g.us': { 'a@lid': true } },
    'app-state-sync-key': { k: appKey },
    'app-state-sync-version': {
      regular: { version: 3, hash: Buffer.alloc(4, 1), indexValueMap: { x: { valueMac: Buffer.alloc(2, 2) } } },
    },
    'lid-mapping': { '1': '2', '2_reverse': '1' },
    'device-list': { '1': ['0', '4'] },
    tctoken: { j: { token: Buffer.from('t'), timestamp: '5' } },
  });
  expect(store.writes).toHaveLength(1);
  const { keys } = keysOn();
  expect(await keys.getOne('pre-key', '1')).toEqual(pair);
  expect(await keys.getOne('session', 'a.0')).toEqual(Buffer.from('record'));
  expect(await keys.get('sender-key-memory', ['g@g.us', 'other'])).toEqual({ 'g@g.us': { 'a@lid': true } });
  expect(Buffer.from((await keys.getOne('app-state-sync-key', 'k'))?.keyData ?? [])).toEqual(Buffer.alloc(32, 7));
  expect((await keys.getOne('app-state-sync-version', 'regular'))?.indexValueMap).toEqual({
    x: { valueMac: Buffer.alloc(2, 2) },
  });
  expect(await keys.get('lid-mapping', ['1', '2_reverse'])).toEqual({ 1: '2', '2_reverse': '1' });
  expect(await keys.getOne('device-list', '1')).toEqual(['0', '4']);
  expect(await keys.getOne('tctoken', 'j')).toEqual({ token: Buffer.from('t'), timestamp: '5' });
});

test('known rows are read once and unchanged rows are not written', async () => {
  const { keys } = keysOn();
  await keys.set({ 'lid-mapping': { a: '1' } });
  const reads = store.reads;
  await keys.get('lid-mapping', ['a', 'b']);
  await keys.get('lid-mapping', ['a', 'b']);
  expect(store.reads).toBe(reads + 1);
  await keys.set({ 'lid-mapping': { a: '1' } });
  expect(store.writes).toHaveLength(1);
});

test("the library's device list of every login costs a read and no write", async () => {
  await keysOn().keys.set({ 'device-list': { me: ['3'] } });
  const { keys } = keysOn();
  await keys.set({ 'device-list': { me: ['3'] } });
  expect(await keys.getOne('device-list', 'me')).toEqual(['3']);
  expect(store.writes).toHaveLength(1);
});

test('deleted rows are gone at once and for good', async () => {
  const { keys } = keysOn();
  await keys.set({ session: { a: Buffer.from('1') } });
  const gone = keys.set({ session: { a: null } });
  expect(await keys.getOne('session', 'a')).toBeNull();
  await gone;
  expect(await keysOn().keys.getOne('session', 'a')).toBeNull();
});

test('memory is bounded: rows beyond it are read again, and a bulk of prekeys is not kept', async () => {
  const { keys } = keysOn();
  const pairs = Object.fromEntries(Array.from({ length: 812 }, (_, id) => [String(id), Curve.generateKeyPair()]));
  await keys.set({ 'pre-key': pairs });
  const before = store.reads;
  await keys.get('pre-key', Object.keys(pairs));
  await keys.getOne('pre-key', '7');
  expect(store.reads).toBe(before + 2);
  for (let id = 0; id < 400; id += 1) await keys.set({ session: { [id]: Buffer.from(String(id)) } });
  const later = store.reads;
  expect(Buffer.from((await keys.getOne('session', '0')) ?? []).toString()).toBe('0');
  expect(Buffer.from((await keys.getOne('session', '399')) ?? []).toString()).toBe('399');
  expect(store.reads).toBe(later + 1);
});

test('a row that left memory before its write committed is still seen', async () => {
  const { keys } = keysOn();
  let release = (): void => {};
  store.beforeWrite = () =>
    new Promise<void>((resolve) => {
      release = resolve;
    });
  const first = keys.set({ session: { slow: Buffer.from('new') } });
  await Promise.resolve();
  const more = Array.from({ length: 300 }, (_, id) => keys.set({ session: { [id]: Buffer.from('x') } }));
  expect(Buffer.from((await keys.getOne('session', 'slow')) ?? []).toString()).toBe('new');
  store.beforeWrite = () => {};
  release();
  await Promise.all([first, ...more]);
});

test('a fresh pairing sees nothing of an older link, and nothing is stored before it is confirmed', async () => {
  await keysOn().keys.set({ session: { a: Buffer.from('old') } });
  const { keys, writer } = keysOn(true);
  expect(await keys.getOne('session', 'a')).toBeNull();
  const written = keys.set({ session: { b: Buffer.from('new') } });
  expect(Buffer.from((await keys.getOne('session', 'b')) ?? []).toString()).toBe('new');
  expect(store.writes).toHaveLength(1);
  const confirmed = writer.write({ credentials: true });
  writer.release();
  await Promise.all([written, confirmed]);
  keys.settle();
  expect(store.writes).toHaveLength(2);
  expect(store.writes[1]).toMatchObject({ credentials: Buffer.from('creds') });
});

test('our own mapping is stored once, noted, and not asked for at the next login', async () => {
  const creds = initAuthCreds();
  creds.me = { id: '15550001:3@s.whatsapp.net', lid: '90001:3@lid' };
  const first = keysOn().keys;
  expect(noteOwnKeys(creds, first)).toBe(false);
  await first.set({ 'lid-mapping': { 15550001: '90001', '90001_reverse': '15550001' } });
  await first.set({ 'device-list': { 15550001: ['3'] } });
  expect(await first.getOne('session', '15550001.3')).toBeNull();
  expect(noteOwnKeys(creds, first)).toBe(true);
  expect(noteOwnKeys(creds, first)).toBe(false);
  const reads = store.reads;
  const { keys } = keysOn();
  primeOwnKeys(creds, keys);
  expect(await keys.getOne('lid-mapping', '15550001')).toBe('90001');
  expect(await keys.getOne('device-list', '15550001')).toEqual(['3']);
  await keys.set({ 'device-list': { 15550001: ['3'] } });
  expect([store.reads, store.writes.length]).toEqual([reads, 2]);
  creds.me = { id: '15550001:4@s.whatsapp.net', lid: '90001:4@lid' };
  const relinked = keysOn().keys;
  primeOwnKeys(creds, relinked);
  expect(relinked.isKnown('lid-mapping', '15550001', Buffer.from('90001'))).toBe(false);
});

describe('prekeys, 32 to a row', () => {
  const pairs = (from: number, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [String(from + index), Curve.generateKeyPair()]));

  test('a pairing stores its 812 in 26 rows, and each is found and used up alone', async () => {
    const made = pairs(1, 812);
    await keysOn().keys.set({ 'pre-key': made });
    expect(store.writes[0]?.keys).toHaveLength(26);
    const { keys } = keysOn();
    expect(await keys.get('pre-key', Object.keys(made))).toEqual(made);
    await keys.commit({ keys: [{ kind: 'pre-key', keyId: '33', value: null }] });
    const next = keysOn().keys;
    expect(await next.getOne('pre-key', '33')).toBeNull();
    expect(await next.getOne('pre-key', '32')).toEqual(made['32']);
    expect(await next.getOne('pre-key', '900')).toBeNull();
  });

  test('later keys join the rows of earlier ones, also in a bulk, and an empty row goes', async () => {
    const first = pairs(1, 5);
    await keysOn().keys.set({ 'pre-key': first });
    const second = pairs(6, 800);
    await keysOn().keys.set({ 'pre-key': second });
    expect(await keysOn().keys.get('pre-key', ['1', '5', '6', '805'])).toEqual({
      1: first['1'],
      5: first['5'],
      6: second['6'],
      805: second['805'],
    });
    const all = Object.fromEntries(Object.keys({ ...first, ...second }).map((id) => [id, null]));
    await keysOn().keys.set({ 'pre-key': all });
    expect(store.keys.get('pre-key-block')?.size).toBe(0);
  });

  test('changes of one row at the same time all count', async () => {
    const made = pairs(0, 32);
    await keysOn().keys.set({ 'pre-key': made });
    const { keys } = keysOn();
    const used = ['3', '4', '5', '6'];
    await Promise.all(used.map((keyId) => keys.commit({ keys: [{ kind: 'pre-key', keyId, value: null }] })));
    expect(Object.keys(await keysOn().keys.get('pre-key', Object.keys(made)))).toHaveLength(28);
  });
});
