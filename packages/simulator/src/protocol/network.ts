/** The running network: the world, who is connected to it, and the services they share. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { MediaHost } from '../media/media-host.js';
import { el } from '../wire/node.js';
import type { ServerIdentity } from '../wire/noise.js';
import type { Account, Device } from '../world/account.js';
import { Handsets } from '../world/handset/handsets.js';
import { Settings } from '../world/settings.js';
import type { World } from '../world/world.js';
import type { WebVersion } from './client-payload.js';
import type { Companion } from './companion.js';
import { Connection, type ConnectionOrigin } from './connection.js';
import { FaultBook } from './faults.js';
import { PostOffice } from './post-office.js';
import { PresenceBoard } from './presence.js';
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

/** The collection of settings that holds the profile name. */
const PROFILE_COLLECTION = 'critical_block';
const MAX_REMEMBERED_TAGS = 10_000;

export class Network {
  readonly location = 'lla';
  readonly stats = new Stats();
  readonly faults = new FaultBook(this);
  readonly presence = new PresenceBoard(this);
  readonly connections = new Set<Connection>();
  readonly post: PostOffice;
  readonly handsets: Handsets;
  readonly settings: Settings;
  /** Every socket not closed yet, also of connections that have ended. */
  readonly #open = new Set<Connection>();
  readonly #companions = new Map<Device, Companion>();
  readonly #accountsByTag = new Map<string, string>();

  constructor(private readonly options: NetworkOptions) {
    this.post = new PostOffice(this);
    this.settings = new Settings(options.world.journal);
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
  accept(socket: WebSocket, tcp: Socket, origin: ConnectionOrigin): void {
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
    this.post.announceDevices(device.account, 'remove', device);
  }

  /** Removes an account with its devices, chats and settings. */
  removeAccount(account: Account): void {
    for (const device of [...account.devices.values()]) this.unlink(device);
    this.world.journal.transaction(() => {
      this.handsets.remove(account);
      this.settings.remove(account);
      this.world.removeAccount(account);
    });
  }

  /** A device is ready for its first days: the handset gives it settings and history. */
  settle(device: Device): void {
    const { account } = device;
    if (this.settings.version(account, PROFILE_COLLECTION) === 0) this.#writeName(account);
    this.handsets.bootstrap(device);
  }

  /** Notes that somebody holds an account's device list and must hear of changes. */
  watch(account: Account, watcher: Account): void {
    const { watchers } = account.record;
    if (account === watcher || watchers.includes(watcher.number)) return;
    watchers.push(watcher.number);
    this.world.saveAccount(account);
  }

  /** Takes a device's settings patch, lets it take effect and tells the other devices; throws when it is unreadable. */
  applySettings(account: Account, collection: string, patch: Buffer, author: number): void {
    for (const { action } of this.settings.accept(account, collection, patch)) {
      const name = action.pushNameSetting?.name;
      if (name) this.#rename(account, name);
    }
    this.#announceSettings(account, collection, author);
  }

  /** Changes the profile name from the handset; linked devices learn it through the synced settings. */
  rename(account: Account, name: string): void {
    this.#rename(account, name);
    this.#writeName(account);
    this.#announceSettings(account, PROFILE_COLLECTION);
  }

  /** Changes the text under the name. */
  changeAbout(account: Account, about: string): void {
    account.record.about = about;
    this.world.saveAccount(account);
  }

  /** Changes or removes the profile picture and tells those who may show it. */
  changePicture(account: Account, data: Buffer | undefined, author?: number): void {
    const picture = this.world.setPicture(account, data);
    const change = el(picture === undefined ? 'delete' : 'set', { jid: account.jid(), id: picture?.id });
    const watchers = account.record.watchers.map((number) => this.world.account(number));
    for (const listener of new Set([account, ...watchers])) {
      if (listener === undefined) continue;
      const except = listener === account && author !== undefined ? { except: author } : {};
      this.post.notify(listener, 'picture', [change], { from: account.jid(), ...except });
    }
  }

  #writeName(account: Account): void {
    this.settings.write(account, PROFILE_COLLECTION, {
      index: ['setting_pushName'],
      action: { pushNameSetting: { name: account.record.name }, timestamp: Date.now() },
      version: 1,
    });
  }

  #rename(account: Account, name: string): void {
    account.record.name = name;
    this.world.saveAccount(account);
  }

  #announceSettings(account: Account, collection: string, author?: number): void {
    const version = this.settings.version(account, collection);
    const content = [el('collection', { name: collection, version })];
    this.post.notify(account, 'server_sync', content, author === undefined ? {} : { except: author });
  }

  /** Ends every connection and stops every timer. */
  stop(): void {
    this.faults.clear();
    for (const connection of this.#open) connection.link.terminate();
  }
}
