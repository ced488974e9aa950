import { quietLibraryConsole } from './prepare/quiet-console.js';
import { shareAsyncLocalStorage } from './prepare/shared-async-local-storage.js';

/**
 * Remedies that a process needs before it runs phones, to be called before anything imports the engine. This entry
 * imports nothing of the library. May be repeated.
 */
export function prepareProcess(): void {
  quietLibraryConsole();
  shareAsyncLocalStorage();
  shortenStacks();
}

/**
 * The library makes an error with its stack for every query and every frame it sends, in case that times out: a sixth
 * of what a login costs. Four lines cost a third of Node's ten. Who asked for another number keeps it.
 */
function shortenStacks(): void {
  if (Error.stackTraceLimit === 10) Error.stackTraceLimit = 4;
}

export { consoleLinesDropped } from './prepare/quiet-console.js';
