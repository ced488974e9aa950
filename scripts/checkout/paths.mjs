import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout that this script belongs to, wherever it is called from. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** A path below the checkout. */
export const inCheckout = (...parts) => join(root, ...parts);

/** An expected failure: its message is all that people need. */
export class Stop extends Error {
  name = 'Stop';
}

/**
 * Makes TRUNKLINE_DATA_DIR absolute for every process below: a given one is meant from where the command was typed,
 * the default lies in the checkout.
 */
export function settleDataDir() {
  const given = process.env.TRUNKLINE_DATA_DIR;
  process.env.TRUNKLINE_DATA_DIR = given ? resolve(given) : inCheckout('data');
}
