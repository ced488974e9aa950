import { findMasterKey } from '@trunkline/core';
import type { Config } from './config.js';

/** The master key from where the configuration says. Throws `Invalid` with what to do. */
export function loadMasterKey(config: Pick<Config, 'masterKey' | 'dataDir'>): Uint8Array {
  const { masterKey: source, dataDir } = config;
  return findMasterKey({
    key: source.from === 'env' ? source.base64 : undefined,
    keyFile: source.from === 'file' ? source.path : undefined,
    dataDir,
    embedded: source.from === 'data-dir',
  });
}
