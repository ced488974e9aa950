import { systemClock } from '@trunkline/core';
import { MemorySessionStore } from '@trunkline/testkit';
import { Curve, proto } from 'baileys';
import { beforeEach, expect, test } from 'vitest';
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
  const pairs = Object.fromEntries(Array.from({ length: 100 }, (_, id) => [String(id), Curve.generateKeyPair()]));
  await keys.set({ 'pre-key': pairs });
  const before = store.reads;
  await keys.getOne('pre-key', '7');
  expect(store.reads).toBe(before + 1);
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
