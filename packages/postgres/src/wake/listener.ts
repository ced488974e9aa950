/** One listening connection for everybody in this process who waits for wakes; polls carry them while it is down. */
import type { Log } from '@trunkline/core';
import pg from 'pg';
import { type ConnectionSettings, connectionConfig } from '../sql/connection.js';
import { errorMessage } from '../sql/database-error.js';
import { NOTIFY_CHANNEL, type WakeChannel } from './wake.js';

const POLL_MS = 1_000;
const RECONNECT_MS = 1_000;
/** An idle connection is asked this often whether it is still there; a dead one fails by its query timeout. */
const PROBE_MS = 15_000;

export class Listener {
  readonly #watchers = new Map<symbol, { channels: readonly WakeChannel[]; onWake: () => void }>();
  #client: pg.Client | null = null;
  #probe: NodeJS.Timeout | null = null;
  #reconnect: NodeJS.Timeout | null = null;
  #started = false;
  #closed = false;

  constructor(
    private readonly settings: ConnectionSettings,
    private readonly log: Log,
  ) {}

  /** Calls back on a wake of these channels, and at least once a second. Returns the way to stop. */
  watch(channels: readonly WakeChannel[], onWake: () => void): () => void {
    const id = Symbol('watcher');
    this.#watchers.set(id, { channels, onWake });
    const poll = setInterval(() => this.#call(onWake), POLL_MS);
    poll.unref();
    if (!this.#started) {
      this.#started = true;
      void this.#connect();
    }
    return () => {
      clearInterval(poll);
      this.#watchers.delete(id);
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watchers.clear();
    if (this.#reconnect !== null) clearTimeout(this.#reconnect);
    const client = this.#client;
    this.#drop(client);
    await client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      ...connectionConfig({ ...this.settings, applicationName: `${this.settings.applicationName} listener` }),
    });
    client.on('error', (error) => this.#lost(client, error));
    client.on('end', () => this.#lost(client, new Error('connection ended')));
    client.on('notification', (message) => this.#wake(message.payload ?? ''));
    this.#client = client;
    try {
      await client.connect();
      await client.query(`listen ${NOTIFY_CHANNEL}`);
    } catch (error) {
      this.#lost(client, error);
      return;
    }
    if (this.#client !== client) return;
    this.#probe = setInterval(() => {
      client.query('select 1').catch((error: unknown) => this.#lost(client, error));
    }, PROBE_MS);
    this.#probe.unref();
    // Whatever was sent while nobody listened is announced now.
    for (const { onWake } of this.#watchers.values()) this.#call(onWake);
  }

  #lost(client: pg.Client, error: unknown): void {
    if (this.#client !== client) return;
    this.#drop(client);
    client.end().catch(() => undefined);
    if (this.#closed) return;
    this.log.debug('listening connection lost; polling meanwhile', { error: errorMessage(error) });
    this.#reconnect = setTimeout(() => void this.#connect(), RECONNECT_MS);
    this.#reconnect.unref();
  }

  #drop(client: pg.Client | null): void {
    if (this.#probe !== null) clearInterval(this.#probe);
    this.#probe = null;
    if (this.#client === client) this.#client = null;
  }

  #wake(channel: string): void {
    for (const { channels, onWake } of this.#watchers.values()) {
      if (channels.some((name) => name === channel)) this.#call(onWake);
    }
  }

  #call(onWake: () => void): void {
    try {
      onWake();
    } catch (error) {
      this.log.error('a watcher of the database failed', { error: errorMessage(error) });
    }
  }
}
