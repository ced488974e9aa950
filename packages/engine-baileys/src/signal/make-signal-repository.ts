import type { Clock } from '@trunkline/core';
import type { SignalCreds, SignalKeyStoreWithTransaction, SocketConfig } from 'baileys';
import type { PhoneKeys } from '../auth/phone-keys.js';
import { BoundedCache } from '../socket/bounded-cache.js';
import type { DecryptionLedger } from './decryption-ledger.js';
import { LidMapping } from './lid-mapping.js';
import { SignalRepository } from './signal-repository.js';

const UNKNOWN_LID_MS = 60_000;

/** The library's hook for its Signal protocol, answered by ours. */
export function makeSignalRepository(input: {
  readonly creds: SignalCreds;
  readonly keys: PhoneKeys;
  readonly ledger: DecryptionLedger;
  readonly clock: Clock;
}): SocketConfig['makeSignalRepository'] {
  const { creds, keys, ledger, clock } = input;
  return (auth, log, lookUp) => {
    if (!isTransactional(auth.keys)) throw new Error('the library no longer hands over keys with transactions');
    const unknown = new BoundedCache(500, UNKNOWN_LID_MS, clock);
    const lidMapping = new LidMapping({ keys, libraryKeys: auth.keys, log, lookUp, unknown });
    return new SignalRepository({ creds, keys, lidMapping, ledger });
  };
}

function isTransactional(keys: object): keys is SignalKeyStoreWithTransaction {
  return 'transaction' in keys;
}
