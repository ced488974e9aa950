import { createRequire, syncBuiltinESMExports } from 'node:module';

/**
 * The library makes one `AsyncLocalStorage` per socket and never gives it back. Before Node 24 every promise of the
 * process pays for every storage that was ever entered: 65 µs per await at 500 phones. Here all storages live in one
 * native storage, which holds a small map of their values, so that a promise pays for one.
 */
const builtin: typeof import('node:async_hooks') = createRequire(import.meta.url)('node:async_hooks');
const Native = builtin.AsyncLocalStorage;

type Values = ReadonlyMap<object, unknown>;

const NOTHING: Values = new Map();
const root = new Native<Values>();

export class SharedAsyncLocalStorage<T> {
  #isEnabled = false;

  run<R>(store: T, work: (...args: unknown[]) => R, ...args: unknown[]): R {
    this.#isEnabled = true;
    return root.run(this.#with(store), work, ...args);
  }

  exit<R>(work: (...args: unknown[]) => R, ...args: unknown[]): R {
    return root.run(this.#without(), work, ...args);
  }

  enterWith(store: T): void {
    this.#isEnabled = true;
    root.enterWith(this.#with(store));
  }

  getStore(): T | undefined {
    return this.#isEnabled ? (root.getStore()?.get(this) as T | undefined) : undefined;
  }

  disable(): void {
    this.#isEnabled = false;
  }

  #with(store: T): Values {
    return new Map(root.getStore() ?? NOTHING).set(this, store);
  }

  #without(): Values {
    const values = new Map(root.getStore() ?? NOTHING);
    values.delete(this);
    return values;
  }
}

/** The functions that Node's class offers capture the one root storage, and with it all that share it. */
for (const name of ['bind', 'snapshot']) Reflect.set(SharedAsyncLocalStorage, name, Reflect.get(Native, name));

/** Puts the shared storage in place of Node's; on Node 24 and later Node's own costs nothing and stays. */
export function shareAsyncLocalStorage(nodeMajor: number = Number.parseInt(process.versions.node, 10)): void {
  if (nodeMajor >= 24 || builtin.AsyncLocalStorage !== Native) return;
  Object.assign(builtin, { AsyncLocalStorage: SharedAsyncLocalStorage });
  syncBuiltinESMExports();
}
