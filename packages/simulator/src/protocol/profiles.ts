/** Names, pictures and synced settings of accounts, changed from the handset or from a linked device. */
import { el } from '../wire/node.js';
import type { Account } from '../world/account.js';
import { Settings } from '../world/settings.js';
import type { World } from '../world/world.js';
import type { Notices } from './notices.js';

/** The collection of settings that holds the profile name. */
const NAME_COLLECTION = 'critical_block';

export class Profiles {
  readonly settings: Settings;

  constructor(
    private readonly world: World,
    private readonly notices: Notices,
  ) {
    this.settings = new Settings(world.journal);
  }

  /** Makes sure that a device which syncs for the first time finds the profile name. */
  prepare(account: Account): void {
    if (this.settings.version(account, NAME_COLLECTION) === 0) this.#writeName(account);
  }

  /** Takes a device's settings patch, lets it take effect and tells the other devices; throws when it is unreadable. */
  apply(account: Account, collection: string, patch: Buffer, author: number): void {
    for (const { action } of this.settings.accept(account, collection, patch)) {
      const name = action.pushNameSetting?.name;
      if (name) this.#setName(account, name);
    }
    this.#announce(account, collection, author);
  }

  /** Changes the profile name from the handset; linked devices learn it through the synced settings. */
  rename(account: Account, name: string): void {
    this.#setName(account, name);
    this.#writeName(account);
    this.#announce(account, NAME_COLLECTION);
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
    for (const listener of this.notices.listenersOf(account)) {
      const except = listener === account && author !== undefined ? { except: author } : {};
      this.notices.notify(listener, 'picture', [change], { from: account.jid(), ...except });
    }
  }

  #setName(account: Account, name: string): void {
    account.record.name = name;
    this.world.saveAccount(account);
  }

  #writeName(account: Account): void {
    this.settings.write(account, NAME_COLLECTION, {
      index: ['setting_pushName'],
      action: { pushNameSetting: { name: account.record.name }, timestamp: Date.now() },
      version: 1,
    });
  }

  #announce(account: Account, collection: string, author?: number): void {
    const version = this.settings.version(account, collection);
    const except = author === undefined ? {} : { except: author };
    this.notices.notify(account, 'server_sync', [el('collection', { name: collection, version })], except);
  }
}
