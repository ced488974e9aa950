import type { InboxEntry } from '@trunkline/core';
import type { WASocket } from 'baileys';
import { Account } from './account/account.js';
import { within } from './deadline.js';
import { LibraryWork } from './inbox/library-work.js';
import { MessageInbox } from './inbox/message-inbox.js';
import { mask } from './library-log.js';
import type { Me } from './message/address.js';
import { PairingCeremony } from './pairing/pairing-ceremony.js';
import type { SessionBase, SessionParts } from './session-parts.js';
import { makeSignalRepository } from './signal/make-signal-repository.js';
import { hearSocket } from './socket/hear-socket.js';
import { openSocket } from './socket/open-socket.js';
import { rawSocketOf } from './socket/raw-socket.js';
import { guardListeners } from './socket/sole-listener.js';
import { StanzaLane } from './socket/stanza-lane.js';
import { tapEvents } from './socket/tap-events.js';
import { guardWrites } from './socket/write-guard.js';

/** How long a message for the device that an earlier session left behind may hold up the backlog. */
const REPEAT_MS = 30_000;

export interface ConnectedSession {
  readonly sock: WASocket;
  readonly account: Account;
  /** Present while the session pairs. */
  readonly ceremony: PairingCeremony | null;
  readonly isOpen: () => boolean;
}

/** Opens the socket of a session and connects everything that hears it. */
export function connectSession(
  base: SessionBase,
  url: URL | null,
  waiting: readonly InboxEntry[],
  onLibraryClosed: () => void,
): ConnectedSession {
  const { settings, input, creds, keys, writer, watch, emit, end, isOver } = base;
  const { clock, log } = settings;
  const me = (): Me | null => (creds.me === undefined ? null : { id: creds.me.id, lid: creds.me.lid ?? null });
  const leftovers: InboxEntry[] = [];
  let isReplaying = true;

  const inbox = new MessageInbox({
    store: base.store,
    writer,
    log,
    me,
    onMessage: (message) => emit({ kind: 'message', message }),
    onLibraryEntry: (entry) => (isReplaying ? leftovers.push(entry) : work.begin(entry)),
  });
  const work = new LibraryWork({
    log,
    me,
    settle: (entry) => inbox.settle(entry),
    onHistory: (batch) => emit({ kind: 'history', batch }),
    onMessage: (message) => emit({ kind: 'message', message }),
    isOver,
  });
  inbox.replay(waiting);
  isReplaying = false;

  const sock = openSocket({
    settings,
    url,
    creds,
    keys: { get: (kind, ids) => keys.get(kind, ids), set: (changes) => keys.set(changes) },
    store: input.store,
    makeSignalRepository: makeSignalRepository({ creds, keys, ledger: inbox, clock }),
  });
  guardWrites(sock.ws, input.mayWrite, () => end({ source: 'ours', unlinked: false }));
  const parts: SessionParts = { ...base, sock };
  const account = new Account(parts, base.shared.pictures);
  hearSocket(sock, { settings, onFrame: () => watch.frame(clock.monotonic()), onEnd: end, onLibraryClosed });
  const handleFault = (error: Error): void => log.warn('a stanza could not be handled', { error: mask(error.message) });
  const lane = new StanzaLane(sock.ws, {
    arrived: (node) => {
      watch.stanzaIn(clock.monotonic());
      if (node.tag === 'message') inbox.arrived(node);
      account.stanzaArrived(node);
    },
    finished: (node) => {
      watch.stanzaDone(clock.monotonic());
      if (node.tag === 'message') work.finished(node);
    },
    failed: handleFault,
    isOver,
    pause: () => rawSocketOf(sock.ws)?.pause(),
    resume: () => rawSocketOf(sock.ws)?.resume(),
  });
  const ceremony = input.purpose === 'pair' ? new PairingCeremony(parts, () => watch.useful()) : null;
  guardListeners(sock.ws, (event) => event.startsWith('CB:'), handleFault);

  tapEvents(sock.ev, {
    'messaging-history.set': (set) => work.history(set),
    'messages.upsert': ({ messages, requestId }) => {
      // All others reach us through the inbox.
      if (requestId !== undefined) work.passedOn(messages);
    },
    'contacts.update': (contacts) => {
      for (const contact of contacts) if (contact.imgUrl !== undefined) account.pictureChangedOf(contact.id);
    },
  });
  sock.ev.on('creds.update', () => {
    // Before a pairing is confirmed the credentials are disposable; the writer holds them back.
    if (creds.account === undefined) return;
    void writer.write({ credentials: true });
    account.credentialsChanged();
  });
  let isOpen = false;
  let isBacklogOver = false;
  const whenBoth = (): void => {
    if (!isOpen || !isBacklogOver) return;
    for (const entry of leftovers.splice(0)) {
      lane.afterBacklog(async () => {
        await within(
          work.repeat(entry, (message) => sock.upsertMessage(message, 'append')),
          REPEAT_MS,
          clock,
        );
      });
    }
    lane.afterBacklog(() => emit({ kind: 'drained' }));
  };
  sock.ev.on('connection.update', ({ connection, receivedPendingNotifications }) => {
    if (connection === 'open' && !isOpen) {
      isOpen = true;
      watch.useful();
      emit({ kind: 'opened' });
      account.opened();
      whenBoth();
    }
    if (receivedPendingNotifications && !isBacklogOver) {
      isBacklogOver = true;
      whenBoth();
    }
  });
  return { sock, account, ceremony, isOpen: () => isOpen };
}
