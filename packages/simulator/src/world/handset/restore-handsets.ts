/** Rebuilds what handsets knew from what the journal held at opening. */
import type { CurveKeyPair } from '../../wire/curve.js';
import type { Addressing } from '../../wire/jid.js';
import type { Journal } from '../journal.js';
import { entriesOf } from '../restore-accounts.js';
import type { LoggedMessage } from './chat-log.js';
import type { SignalState } from './signal-memory.js';

export interface StoredHandset {
  state: SignalState;
  messages: LoggedMessage[];
  addressing: Map<string, Addressing>;
}

/** Reads every handset's entries once; gives them out by number. */
export function restoreHandsets(journal: Journal): (number: string) => StoredHandset {
  const handsets = new Map<string, StoredHandset>();
  const of = (number = ''): StoredHandset => {
    const existing = handsets.get(number);
    if (existing !== undefined) return existing;
    const state = { sessions: new Map(), senderKeys: new Map(), oneTimeKeys: new Map() };
    const created: StoredHandset = { state, messages: [], addressing: new Map() };
    handsets.set(number, created);
    return created;
  };
  for (const [[number, address = ''], record] of entriesOf<Buffer>(journal, 'ses')) {
    of(number).state.sessions.set(address, record);
  }
  for (const [[number, ...name], record] of entriesOf<Buffer>(journal, 'snd')) {
    of(number).state.senderKeys.set(name.join('/'), record);
  }
  for (const [[number, id], pair] of entriesOf<CurveKeyPair>(journal, 'otk')) {
    of(number).state.oneTimeKeys.set(Number(id), pair);
  }
  for (const [[number], message] of entriesOf<LoggedMessage>(journal, 'msg')) of(number).messages.push(message);
  for (const [[number, partner = ''], addressing] of entriesOf<Addressing>(journal, 'adr')) {
    of(number).addressing.set(partner, addressing);
  }
  return of;
}
