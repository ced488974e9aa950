import { type ApiKey, type Clock, hashApiToken, type Log, type OrgStore } from '@trunkline/core';
import { LRUCache } from 'lru-cache';
import { HttpError } from '../http-error.js';
import { FailureLimit } from './failure-limit.js';

/** A revoked key works for as long as this at most, on every node. Sockets add their own look, together below 5 s. */
export const KEY_MEMORY_MS = 2_000;
const KEYS = 10_000;
const USED_EVERY_MS = 60_000;
const LONGEST_TOKEN = 512;

export interface Principal {
  readonly key: ApiKey;
  /** Of the token, in hex: to look the key up again. */
  readonly tokenHash: string;
}

/** Who a caller is, from the Authorization header. Looks tokens up by their SHA-256 and remembers the answer for a moment. */
export class Authenticator {
  readonly #orgs: OrgStore;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #keys: LRUCache<string, Promise<ApiKey | null>>;
  /** Tokens that were good once: they are looked up even from an address that guesses. */
  readonly #wereGood = new LRUCache<string, true>({ max: KEYS });
  readonly #used: LRUCache<string, true>;
  readonly #failures: FailureLimit;

  constructor(deps: { orgs: OrgStore; clock: Clock; log: Log }) {
    this.#orgs = deps.orgs;
    this.#log = deps.log;
    this.#clock = deps.clock;
    const perf = { now: () => deps.clock.monotonic() };
    this.#keys = new LRUCache({ max: KEYS, ttl: KEY_MEMORY_MS, ttlResolution: 0, perf });
    this.#used = new LRUCache({ max: KEYS, ttl: USED_EVERY_MS, ttlResolution: 0, perf });
    this.#failures = new FailureLimit(deps.clock);
  }

  /** Throws the answer to give when the caller is nobody. */
  async authenticate(authorization: string | undefined, address: string): Promise<Principal> {
    const token = bearerToken(authorization);
    const tokenHash = token === null ? null : Buffer.from(hashApiToken(token)).toString('hex');
    const isKnown = tokenHash !== null && this.#wereGood.has(tokenHash);
    if (!isKnown && this.#failures.isOver(address)) throw tooManyFailures();
    const key = tokenHash === null ? null : await this.find(tokenHash);
    if (key === null || tokenHash === null) {
      this.#failures.count(address);
      throw invalidToken();
    }
    this.#wereGood.set(tokenHash, true);
    this.#markUsed(key.keyId);
    return { key, tokenHash };
  }

  /** The key of a token as it is now, at most `KEY_MEMORY_MS` old; null when it is revoked, expired or unknown. */
  async find(tokenHash: string): Promise<ApiKey | null> {
    const remembered = this.#keys.get(tokenHash);
    const looking = remembered ?? this.#lookUp(tokenHash);
    const key = await looking;
    return key !== null && key.expiresAt !== null && key.expiresAt.getTime() <= this.#clock.now() ? null : key;
  }

  /** Forgets all that is remembered, after a key was revoked here. */
  forget(): void {
    this.#keys.clear();
  }

  #lookUp(tokenHash: string): Promise<ApiKey | null> {
    const looking = this.#orgs.findKey(Buffer.from(tokenHash, 'hex'));
    this.#keys.set(tokenHash, looking);
    // Neither a failure nor a stranger takes room for longer than it must.
    looking.then(
      (key) => key === null && this.#keys.delete(tokenHash),
      () => this.#keys.delete(tokenHash),
    );
    return looking;
  }

  #markUsed(keyId: string): void {
    if (this.#used.has(keyId)) return;
    this.#used.set(keyId, true);
    this.#orgs
      .touchKey(keyId)
      .catch((error: unknown) => this.#log.debug('could not note the use of a key', { err: error }));
  }
}

function bearerToken(authorization: string | undefined): string | null {
  const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
  return token === undefined || token.length > LONGEST_TOKEN ? null : token;
}

export function invalidToken(): HttpError {
  return new HttpError('UNAUTHORIZED_ERROR', 'Invalid bearer auth token', {
    headers: { 'www-authenticate': 'Bearer' },
  });
}

function tooManyFailures(): HttpError {
  return new HttpError(
    'RATE_LIMIT_ERROR',
    'Too many requests with an invalid key came from your address. Check the key and try again in a minute.',
    { headers: { 'retry-after': '60' } },
  );
}
