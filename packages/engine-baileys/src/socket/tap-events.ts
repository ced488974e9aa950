import type { BaileysEventMap, WASocket } from 'baileys';

type Events = BaileysEventMap;
export type EventTaps = { readonly [K in keyof Events]?: (event: Events[K]) => void };

/**
 * Hears the library's events where they are made. The library itself holds these back for up to 30 s, merges them and
 * remembers thousands of ids meanwhile; nobody but us listens to them, so they go no further.
 */
const HELD_BACK: ReadonlySet<keyof Events> = new Set([
  'messaging-history.set',
  'chats.upsert',
  'chats.update',
  'chats.delete',
  'contacts.upsert',
  'contacts.update',
  'messages.upsert',
  'messages.update',
  'messages.delete',
  'messages.reaction',
  'message-receipt.update',
  'groups.update',
]);

export function tapEvents(ev: WASocket['ev'], taps: EventTaps): void {
  const emit = ev.emit.bind(ev);
  ev.emit = <K extends keyof Events>(event: K, payload: Events[K]): boolean => {
    taps[event]?.(payload);
    return HELD_BACK.has(event) ? true : emit(event, payload);
  };
}

/**
 * Completes changes of the credentials that do not name the account. The library takes a missing name for a changed
 * one and answers every such change with an empty `<presence/>`.
 */
export function completeCredentials(ev: WASocket['ev'], me: () => Events['creds.update']['me']): void {
  const emit = ev.emit.bind(ev);
  ev.emit = <K extends keyof Events>(event: K, payload: Events[K]): boolean => {
    const account = me();
    const isIncomplete = event === 'creds.update' && account !== undefined && !('me' in payload);
    return emit(event, isIncomplete ? Object.assign({}, payload, { me: account }) : payload);
  };
}
