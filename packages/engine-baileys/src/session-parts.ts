import type { EngineClose, EngineFact, Log, OpenSession } from '@trunkline/core';
import type { AuthenticationCreds, WASocket } from 'baileys';
import type { OwnPictures } from './account/own-picture.js';
import type { PhoneKeys } from './auth/phone-keys.js';
import type { SessionWriter } from './auth/session-writer.js';
import type { SteadyStore } from './auth/steady-store.js';
import type { EngineSettings } from './engine-options.js';
import type { SocketWatch } from './guard/socket-watch.js';
import type { WatchRound } from './guard/watch-round.js';

/** What all sessions of one engine share. */
export interface EngineShared {
  readonly settings: EngineSettings;
  readonly round: WatchRound;
  readonly pictures: OwnPictures;
}

/** What one session has before it has a socket. */
export interface SessionBase {
  readonly shared: EngineShared;
  readonly settings: EngineSettings;
  readonly input: OpenSession;
  readonly creds: AuthenticationCreds;
  readonly store: SteadyStore;
  readonly writer: SessionWriter;
  readonly keys: PhoneKeys;
  readonly watch: SocketWatch;
  readonly log: Log;
  /** Resolves when the fact is taken; never rejects. */
  readonly emit: (fact: EngineFact) => Promise<void>;
  /** Ends the session; the first cause wins. */
  readonly end: (close: EngineClose) => void;
  readonly isOver: () => boolean;
}

/** What the parts of one session share. */
export interface SessionParts extends SessionBase {
  readonly sock: WASocket;
}
