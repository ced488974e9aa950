/** The running network: the world, who is connected to it, and the services they share. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { MediaHost } from '../media/media-host.js';
import type { Origin } from '../wire/chat-listener.js';
import { el } from '../wire/node.js';
import type { ServerIdentity } from '../wire/noise.js';
import type { Account, Device } from '../world/account.js';
import { Handsets } from '../world/handset/handsets.js';
import type { World } from '../world/world.js';
import type { WebVersion } from './client-payload.js';
import type { Companion } from './companion.js';
import { Connection } from './connection.js';
import { FaultBook } from './faults.js';
import { Notices } from './notices.js';
import { PostOffice } from './post-office.js';
import { PresenceBoard } from './presence.js';
import { Profiles } from './profiles.js';
import { Stats } from './stats.js';

export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Record<string, unknown>,
) => void;

export interface NetworkOptions {
  world: World;
  identity: ServerIdentity;
  routingInfo: Buffer;
  media: MediaHost;
  minimumWebVersion?: WebVersion | undefined;
  log: Log;
}

const MAX_REMEMBERED_TAGS = 10_000;

export class Network {
  readonly location = 'lla';
  readonly stats = new Stats();
  readonly faults = new FaultBook(this);
  readonly presence = new PresenceBoard(this);
  readonly connections = new Set<Connection>();
  readonly post: PostOffice;
  readonly handsets: Handsets;
  readonly notices: Notices;
  readonly profiles: Profiles;
  /** Every socket not closed yet, also of connections that have ended. */
  readonly #open = new Set<Connection>();
  readonly #companions = new Map<Device, Companion>();
  readonly #accountsByTag = new Map<string, string>();

  constructor(private readonly options: NetworkOptions) {
    this.post = new PostOffice(this);
    this.notices = new Notices(this);
    this.profiles = new Profiles(options.world, this.notices);
    this.handsets = new Handsets({
      world: options.world,
      post: this.post,
      losesNext: (account) => this.faults.losesNext(account),
      warn: (message, fields) => options.log('warn', message, fields),
    });
  }

  get world(): World {
    return this.options.world;
  }

  get identity(): ServerIdentity {
    return this.options.identity;
  }

  get routingInfo(): Buffer {
    return this.options.routingInfo;
  }

  get media(): MediaHost {
    return this.options.media;
  }

  get minimumWebVersion(): WebVersion | undefined {
    return this.options.minimumWebVersion;
  }

  get log(): Log {
    return this.options.log;
  }

  /** Takes over a fresh WebSocket. */
  accept(socket: WebSocket, tcp: Socket, origin: Origin): void {
    const connection = new Connection(this, socket, tcp, origin);
    this.connections.add(connection);
    this.#open.add(connection);
  }

  /** The live connection of a device. */
  companion(device: Device): Companion | undefined {
    return this.#companions.get(device);
  }

  /** Registers a login; the device's earlier connection is thrown out, as there is never more than one. */
  admit(companion: Companion): void {
    const earlier = this.#companions.get(companion.device);
    this.#companions.set(companion.device, companion);
    earlier?.connection.end(el('stream:error', {}, [el('conflict', { type: 'replaced' })]));
  }

  /** Takes a closed login off the list, unless a later one has its place. */
  dismiss(companion: Companion): void {
    if (this.#companions.get(companion.device) === companion) this.#companions.delete(companion.device);
  }

  /** The connection has ended as far as the protocol goes; its socket may still be closing. */
  forget(connection: Connection): void {
    this.connections.delete(connection);
  }

  /** The connection's socket is gone. */
  released(connection: Connection): void {
    this.#open.delete(connection);
  }

  /** Notes which account a connection's tag stands for, so that its next connection is known before it logs in. */
  remember(tag: string | undefined, account: Account): void {
    if (tag === undefined) return;
    if (this.#accountsByTag.size >= MAX_REMEMBERED_TAGS) this.#accountsByTag.clear();
    this.#accountsByTag.set(tag, account.number);
  }

  /** The account last seen under a tag. */
  accountByTag(tag: string | undefined): Account | undefined {
    return tag === undefined ? undefined : this.world.account(this.#accountsByTag.get(tag) ?? '');
  }

  /** Removes a linked device: its login fails from now on, and its live connection ends, at once or a little later. */
  unlink(device: Device, endAfterMs = 0): void {
    const connection = this.#companions.get(device)?.connection;
    this.world.removeDevice(device);
    connection?.end(el('stream:error', { code: 401 }, [el('conflict', { type: 'device_removed' })]), endAfterMs);
    this.notices.announceDevices(device.account, 'remove', device);
  }

  /** Removes an account with its devices, chats and settings. */
  removeAccount(account: Account): void {
    for (const device of [...account.devices.values()]) this.unlink(device);
    this.world.journal.transaction(() => {
      this.handsets.remove(account);
      this.profiles.settings.remove(account);
      this.world.removeAccount(account);
    });
  }

  /** A device is ready for its first days: the handset gives it settings and history. */
  settle(device: Device): void {
    this.profiles.prepare(device.account);
    this.handsets.bootstrap(device);
  }

  /** Notes that somebody holds an account's device list and must hear of changes. */
  watch(account: Account, watcher: Account): void {
    const { watchers } = account.record;
    if (account === watcher || watchers.includes(watcher.number)) return;
    watchers.push(watcher.number);
    this.world.saveAccount(account);
  }

  /** Ends every connection and stops every timer. */
  stop(): void {
    this.faults.clear();
    for (const connection of this.#open) connection.link.terminate();
  }
}
