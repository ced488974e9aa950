/** What every action of a handset works with. */
import type { Addressing } from '../../wire/jid.js';
import type { Account } from '../account.js';
import type { HandsetKeySource } from '../bundle.js';
import type { Endpoint, World } from '../world.js';
import type { ChatLog } from './chat-log.js';
import type { Post } from './post.js';
import type { RetryCount } from './retry-count.js';
import type { SignalMemory } from './signal-memory.js';

export interface HandsetParts {
  account: Account;
  world: World;
  post: Post;
  keys: HandsetKeySource;
  /** Says whether the next arriving message is to be treated as unreadable, for tests of retries. */
  losesNext: (account: Account) => boolean;
  signal: SignalMemory;
  log: ChatLog;
  /** How each partner last addressed us, by their number: they keep their session under that address. */
  addressing: Map<string, Addressing>;
  retries: RetryCount;
}

/** The address form in which a partner will find the session again. */
export function addressingOf(parts: HandsetParts, partner: Account): Addressing {
  return parts.addressing.get(partner.number) ?? 'pn';
}

/** The linked devices of an account. */
export function companionsOf(account: Account): Endpoint[] {
  return [...account.devices.keys()].map((index) => ({ account, index }));
}

/** The handset itself as sender and reader. */
export function handsetOf(account: Account): Endpoint {
  return { account, index: 0 };
}
