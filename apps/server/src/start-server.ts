import { Invalid, systemClock } from '@trunkline/core';
import { bootstrap } from './bootstrap.js';
import type { Config } from './config/config.js';
import { loadMasterKey } from './config/secrets.js';
import { createLog } from './observe/log.js';
import { openData } from './open-data.js';
import { serveSandbox } from './sandbox/serve-sandbox.js';
import { forgetDeadNodes } from './supervise/forget-dead-nodes.js';
import { wire } from './wire.js';

export interface RunningServer {
  /** Null when the role serves no HTTP. */
  readonly url: string | null;
  /** Stops everything in order: intake, workers, sandbox, database. May be called twice. */
  stop(why: string): Promise<void>;
}

/** Starts what the configured role says. Whatever was started is stopped again when a later step fails. */
export async function startServer(config: Config): Promise<RunningServer> {
  const log = createLog({ level: config.logLevel });
  for (const warning of config.warnings) log.warn(warning);
  if (config.role === 'sandbox') return serveSandbox(config, log);

  const stops: (() => Promise<void>)[] = [];
  let stopped: Promise<void> | null = null;
  const stop = (why: string) => {
    stopped ??= (async () => {
      log.info('server stops', { why });
      for (const one of stops.reverse()) await one();
      log.info('server stopped');
    })();
    return stopped;
  };
  try {
    const masterKey = loadMasterKey(config);
    const data = await openData(config, masterKey, log);
    stops.push(() => data.stop());
    const { newToken } = await bootstrap(data.db.orgs, config.bootstrapApiKey);
    await forgetDeadNodes(data.db.leases, log);
    const parts = wire({ config, data, masterKey, clock: systemClock, log });
    stops.push(() => parts.stop());
    const url = await parts.start().catch((error: unknown) => {
      throw portTaken(error, config) ?? error;
    });
    if (newToken !== null) announceKey(newToken);
    return { url, stop };
  } catch (error) {
    await stop('start failed').catch((fault) => log.error('could not stop cleanly', { err: fault }));
    throw error;
  }
}

/** The commonest mistake of a first start gets a sentence. */
function portTaken(error: unknown, { http }: Config): Error | null {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') return null;
  return new Invalid(`Port ${http.port} on ${http.host} is in use. Stop the other program or set PORT to a free port.`);
}

/** The one moment at which the token exists in clear; it goes to the terminal and never into the log. */
function announceKey(token: string): void {
  process.stdout.write(`\nYour first API key, shown only now:\n\n  ${token}\n\n`);
}
