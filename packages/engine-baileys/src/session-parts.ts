import type { EngineClose, EngineFact, OpenSession } from '@trunkline/core';
import type { AuthenticationCreds, WASocket } from 'baileys';
import type { PhoneKeys } from './auth/phone-keys.js';
import type { SessionWriter } from './auth/session-writer.js';
import type { EngineSettings } from './engine-options.js';

/** What the parts of one session share. */
export interface SessionParts {
  readonly settings: EngineSettings;
  readonly input: OpenSession;
  readonly creds: AuthenticationCreds;
  readonly keys: PhoneKeys;
  readonly writer: SessionWriter;
  readonly sock: WASocket;
  readonly emit: (fact: EngineFact) => void;
  /** Ends the session; the first cause wins. */
  readonly end: (close: EngineClose) => void;
  readonly isOver: () => boolean;
}
