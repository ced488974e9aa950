import type { Log, SessionStore } from '@trunkline/core';
import {
  type AuthenticationCreds,
  Browsers,
  makeWASocket,
  proto,
  type SignalKeyStore,
  type SocketConfig,
  type UserFacingSocketConfig,
  type WASocket,
} from 'baileys';
import { needsServerProps, restoreServerProps } from '../account/server-props.js';
import type { EngineSettings } from '../engine-options.js';
import { libraryLog } from '../library-log.js';
import { BoundedCache } from './bounded-cache.js';

const MINUTE_MS = 60_000;

/** What the handset shows in its list of linked devices. */
export const BROWSER = Browsers.macOS('Chrome');

/** Opens the library's socket for one phone, with everything that it would otherwise share or fetch by itself. */
export function openSocket(input: {
  readonly settings: EngineSettings;
  readonly log: Log;
  readonly url: URL | null;
  readonly creds: AuthenticationCreds;
  readonly keys: SignalKeyStore;
  readonly store: SessionStore;
  readonly makeSignalRepository: SocketConfig['makeSignalRepository'] | null;
}): WASocket {
  const { settings, url, creds, keys, store } = input;
  const { clock } = settings;
  const config: UserFacingSocketConfig = {
    auth: { creds, keys },
    logger: libraryLog(input.log),
    browser: BROWSER,
    connectTimeoutMs: Math.min(20_000, settings.connectTimeoutMs),
    keepAliveIntervalMs: settings.keepAliveMs,
    markOnlineOnConnect: false,
    syncFullHistory: false,
    fireInitQueries: needsServerProps(creds, clock.now()),
    shouldSyncHistoryMessage: () => true,
    // Writes are retried by their one writer; a second layer of retries would only delay the end of a broken session.
    transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
    msgRetryCounterCache: new BoundedCache(1_000, 60 * MINUTE_MS, clock),
    userDevicesCache: new BoundedCache(500, 5 * MINUTE_MS, clock),
    callOfferCache: new BoundedCache(100, 5 * MINUTE_MS, clock),
    placeholderResendCache: new BoundedCache(500, 60 * MINUTE_MS, clock),
    getMessage: async (key) => {
      if (!key.remoteJid || !key.id) return undefined;
      const content = await store.sentContent(key.remoteJid, key.id);
      return content === null ? undefined : proto.Message.decode(content);
    },
    ...(input.makeSignalRepository === null ? {} : { makeSignalRepository: input.makeSignalRepository }),
    ...(url === null ? {} : { waWebSocketUrl: url }),
    ...(settings.webVersion === null ? {} : { version: [...settings.webVersion] }),
  };
  const sock = makeWASocket(config);
  restoreServerProps(creds, sock.serverProps);
  return sock;
}
