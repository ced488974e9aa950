import { quietLibraryConsole } from './prepare/quiet-console.js';
import { shareAsyncLocalStorage } from './prepare/shared-async-local-storage.js';

/**
 * Remedies that a process needs before it runs phones, to be called before anything imports the engine. This entry
 * imports nothing of the library. May be repeated.
 */
export function prepareProcess(): void {
  quietLibraryConsole();
  shareAsyncLocalStorage();
}

export { consoleLinesDropped } from './prepare/quiet-console.js';
