import type { EventEmitter } from 'node:events';

export type Listener = (...args: unknown[]) => unknown;

/**
 * Replaces the one listener that the library has on an event. Names of events are not a public interface of the
 * library, so any other number of listeners fails loudly: better no phone starts after an upgrade than a silent gap.
 */
export function takeOver(emitter: EventEmitter, event: string, make: (original: Listener) => Listener): void {
  const listeners = emitter.listeners(event);
  const [original] = listeners;
  if (listeners.length !== 1 || original === undefined) {
    throw new Error(`expected the library to have one listener on "${event}", found ${listeners.length}`);
  }
  const call: Listener = (...args) => Reflect.apply(original, emitter, args);
  emitter.removeAllListeners(event);
  emitter.on(event, make(call));
}

/** Events of the library's socket whose listeners are asynchronous and would reject into the void. */
export function guardListeners(
  emitter: EventEmitter,
  isGuarded: (event: string) => boolean,
  onError: (error: Error) => void,
): void {
  for (const event of emitter.eventNames()) {
    if (typeof event !== 'string' || !isGuarded(event)) continue;
    const listeners = emitter.listeners(event);
    emitter.removeAllListeners(event);
    for (const listener of listeners) {
      emitter.on(event, (...args: unknown[]) => {
        settle(() => Reflect.apply(listener, emitter, args), onError);
      });
    }
  }
}

/** Runs work that may throw or reject, and hands either to `onError`. */
export function settle(work: () => unknown, onError: (error: Error) => void): void {
  try {
    const result = work();
    if (result instanceof Promise) result.catch((error: unknown) => onError(asError(error)));
  } catch (error) {
    onError(asError(error));
  }
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
