import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { SharedAsyncLocalStorage, shareAsyncLocalStorage } from './shared-async-local-storage.js';

const NativeStorage = AsyncLocalStorage;
const isOldNode = Number.parseInt(process.versions.node, 10) < 24;

interface Storage {
  run<R>(store: string, work: (...args: unknown[]) => R, ...args: unknown[]): R;
  exit<R>(work: () => R): R;
  enterWith(store: string): void;
  getStore(): string | undefined;
  disable(): void;
}

const kinds: readonly [string, () => Storage][] = [
  ['native', () => new NativeStorage<string>()],
  ['shared', () => new SharedAsyncLocalStorage<string>()],
];

describe.each(kinds)('%s storage', (_name, make) => {
  test('a value is seen inside run, also after promises, timers and ticks, and not outside', async () => {
    const storage = make();
    const seen: (string | undefined)[] = [];
    await storage.run('a', async () => {
      seen.push(storage.getStore());
      await sleep(1);
      seen.push(storage.getStore());
      await new Promise<void>((resolve) => setImmediate(resolve));
      await new Promise<void>((resolve) => process.nextTick(resolve));
      seen.push(storage.getStore());
    });
    expect(seen).toEqual(['a', 'a', 'a']);
    expect(storage.getStore()).toBeUndefined();
  });

  test('an inner value ends with its run, an exit hides it, arguments and results pass through', () => {
    const storage = make();
    const seen = storage.run('outer', () => {
      const inner = storage.run('inner', (suffix) => `${storage.getStore()}${String(suffix)}`, '!');
      const hidden = storage.exit(() => storage.getStore());
      return [inner, hidden, storage.getStore()];
    });
    expect(seen).toEqual(['inner!', undefined, 'outer']);
  });

  test('two storages do not see each other', async () => {
    const [left, right] = [make(), make()];
    await left.run('left', async () => {
      await right.run('right', async () => {
        await sleep(1);
        expect([left.getStore(), right.getStore()]).toEqual(['left', 'right']);
      });
      expect([left.getStore(), right.getStore()]).toEqual(['left', undefined]);
    });
  });

  test('concurrent runs keep their own values', async () => {
    const storage = make();
    const names = Array.from({ length: 50 }, (_, index) => `run ${index}`);
    const seen = await Promise.all(
      names.map((name, index) =>
        storage.run(name, async () => {
          await sleep(index % 3);
          return storage.getStore();
        }),
      ),
    );
    expect(seen).toEqual(names);
  });

  test('enterWith lasts for the rest of the execution', async () => {
    const storage = make();
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        storage.enterWith('entered');
        queueMicrotask(() => {
          expect(storage.getStore()).toBe('entered');
          resolve();
        });
      });
    });
  });

  test('disabled it knows nothing until it is entered again', () => {
    const storage = make();
    storage.run('a', () => {
      storage.disable();
      expect(storage.getStore()).toBeUndefined();
      expect(storage.run('b', () => storage.getStore())).toBe('b');
    });
  });

  test('a thrown error passes through and the value is gone', () => {
    const storage = make();
    const fail = (): void => {
      throw new Error('inside');
    };
    expect(() => storage.run('a', fail)).toThrow('inside');
    expect(storage.getStore()).toBeUndefined();
  });
});

test('a snapshot carries the values to a later time', () => {
  const storage = new SharedAsyncLocalStorage<string>();
  const snapshot: unknown = Reflect.get(SharedAsyncLocalStorage, 'snapshot');
  if (typeof snapshot !== 'function') throw new Error('no snapshot');
  const later: unknown = storage.run('then', () => Reflect.apply(snapshot, SharedAsyncLocalStorage, []));
  if (typeof later !== 'function') throw new Error('no snapshot');
  expect(Reflect.apply(later, null, [() => storage.getStore()])).toBe('then');
});

test.runIf(isOldNode)('after the remedy everybody who makes a storage gets the shared one', async () => {
  shareAsyncLocalStorage();
  shareAsyncLocalStorage();
  const fresh = await import('node:async_hooks');
  expect(new fresh.AsyncLocalStorage()).toBeInstanceOf(SharedAsyncLocalStorage);
  expect(new AsyncLocalStorage()).toBeInstanceOf(SharedAsyncLocalStorage);
});

test('on a newer Node nothing is replaced', async () => {
  const before = (await import('node:async_hooks')).AsyncLocalStorage;
  shareAsyncLocalStorage(24);
  expect((await import('node:async_hooks')).AsyncLocalStorage).toBe(before);
});

test.runIf(isOldNode)('two hundred used storages leave one value on a promise', async () => {
  const use = (make: () => Storage): void => {
    for (let made = 0; made < 200; made += 1) make().run('x', () => {});
  };
  const valuesOnPromise = async (): Promise<number> => {
    let symbols = 0;
    const hook = createHook({
      init(_id, _type, _trigger, resource) {
        symbols = Math.max(symbols, Object.getOwnPropertySymbols(resource).length);
      },
    }).enable();
    await Promise.resolve();
    hook.disable();
    return symbols;
  };
  const cost = async (): Promise<number> => {
    const started = process.hrtime.bigint();
    for (let turn = 0; turn < 20_000; turn += 1) await Promise.resolve();
    return Number(process.hrtime.bigint() - started) / 20_000;
  };
  use(() => new SharedAsyncLocalStorage<string>());
  const before = { values: await valuesOnPromise(), ns: await cost() };
  use(() => new SharedAsyncLocalStorage<string>());
  const shared = { values: await valuesOnPromise(), ns: await cost() };
  use(() => new NativeStorage<string>());
  const native = { values: await valuesOnPromise(), ns: await cost() };
  const line = (one: { ns: number }): string => `${one.ns.toFixed(0)} ns`;
  console.log(`one await: before ${line(before)}, 200 more shared storages ${line(shared)}, native ${line(native)}`);
  expect(shared.values).toBe(before.values);
  expect(native.values).toBeGreaterThanOrEqual(before.values + 200);
});

test.runIf(isOldNode)("the library's transactions run in the shared storage, and nest", async () => {
  shareAsyncLocalStorage();
  const { addTransactionCapability } = await import('baileys');
  const { libraryLog } = await import('../library-log.js');
  const { silentLog } = await import('@trunkline/testkit');
  const writes: unknown[] = [];
  const log = libraryLog(silentLog);
  const store = { get: () => ({}), set: (changes: unknown) => void writes.push(changes) };
  const keys = addTransactionCapability(store, log, { maxCommitRetries: 1, delayBetweenTriesMs: 0 });
  let runs = 0;
  const run: unknown = Reflect.get(SharedAsyncLocalStorage.prototype, 'run');
  if (typeof run !== 'function') throw new Error('no run');
  Reflect.set(SharedAsyncLocalStorage.prototype, 'run', function counted(this: unknown, ...args: unknown[]): unknown {
    runs += 1;
    return Reflect.apply(run, this, args);
  });
  await keys.transaction(async () => {
    await keys.set({ 'lid-mapping': { a: '1' } });
    await keys.transaction(async () => keys.set({ 'lid-mapping': { b: '2' } }), 'inner');
    expect(writes).toEqual([]);
  }, 'outer');
  Reflect.set(SharedAsyncLocalStorage.prototype, 'run', run);
  expect(writes).toEqual([{ 'lid-mapping': { a: '1', b: '2' } }]);
  expect(runs).toBe(1);
});
