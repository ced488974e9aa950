import type { WASocket } from 'baileys';
import { Account } from './account/account.js';
import { keepServerProps } from './account/server-props.js';
import type { SessionInbox } from './inbox/session-inbox.js';
import { mask } from './library-log.js';
import { PairingCeremony } from './pairing/pairing-ceremony.js';
import type { SessionBase, SessionParts } from './session-parts.js';
import { makeSignalRepository } from './signal/make-signal-repository.js';
import { hearSocket } from './socket/hear-socket.js';
import { openSocket } from './socket/open-socket.js';
import { rawSocketOf } from './socket/raw-socket.js';
import { guardListeners } from './socket/sole-listener.js';
import { StanzaLane } from './socket/stanza-lane.js';
import { completeCredentials, tapEvents } from './socket/tap-events.js';
import { guardWrites } from './socket/write-guard.js';

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
  inbox: SessionInbox,
  onLibraryClosed: () => void,
): ConnectedSession {
  const { settings, input, creds, keys, writer, watch, log, emit, end, isOver } = base;
  const { clock } = settings;
  const sock = openSocket({
    settings,
    log,
    url,
    creds,
    keys: { get: (kind, ids) => keys.get(kind, ids), set: (changes) => keys.set(changes) },
    store: input.store,
    makeSignalRepository: makeSignalRepository({ creds, keys, ledger: inbox.ledger, clock }),
  });
  guardWrites(sock.ws, { mayWrite: input.mayWrite, onRefused: () => end({ source: 'ours', unlinked: false }) });
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
      if (node.tag === 'message') inbox.finished(node);
    },
    room: () => inbox.room(),
    failed: handleFault,
    isOver,
    pause: () => rawSocketOf(sock.ws)?.pause(),
    resume: () => rawSocketOf(sock.ws)?.resume(),
  });
  // The library reads the answer within this turn of the event loop.
  sock.ws.on('CB:iq,,props', () => {
    setImmediate(() => {
      keepServerProps(creds, sock.serverProps, clock.now());
      writer.touchCredentials();
    });
  });
  const ceremony = input.purpose === 'pair' ? new PairingCeremony(parts, () => watch.useful()) : null;
  guardListeners(sock.ws, (event) => event.startsWith('CB:'), handleFault);

  completeCredentials(sock.ev, () => creds.me);
  tapEvents(sock.ev, {
    'messaging-history.set': (set) => inbox.history(set),
    'messages.upsert': ({ messages, requestId }) => {
      // All others reach us through the inbox.
      if (requestId !== undefined) inbox.passedOn(messages);
    },
    'contacts.update': (contacts) => {
      for (const contact of contacts) if (contact.imgUrl !== undefined) account.pictureChangedOf(contact.id);
    },
  });
  sock.ev.on('creds.update', () => {
    // Before a pairing is confirmed the credentials are disposable; the writer holds them back.
    if (creds.account === undefined) return;
    writer.touchCredentials();
    account.credentialsChanged();
  });
  let isOpen = false;
  let isBacklogOver = false;
  const whenBoth = (): void => {
    if (!isOpen || !isBacklogOver) return;
    for (const repeat of inbox.repeats(sock)) lane.afterBacklog(repeat);
    lane.afterBacklog(() => void emit({ kind: 'drained' }));
  };
  sock.ev.on('connection.update', ({ connection, receivedPendingNotifications }) => {
    if (connection === 'open' && !isOpen) {
      isOpen = true;
      watch.useful();
      void emit({ kind: 'opened' });
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
