/** Notifications the network sends by itself. */
import { randomBytes } from 'node:crypto';
import { SERVER_JID } from '../wire/jid.js';
import { el, type Node } from '../wire/node.js';
import type { Account, Device } from '../world/account.js';
import { signKeyIndexList } from '../world/device-identity.js';
import type { Network } from './network.js';

export class Notices {
  constructor(private readonly network: Network) {}

  /** Sends a notification to the linked devices of an account, except one. */
  notify(account: Account, type: string, content: Node[], options: { from?: string; except?: number } = {}): void {
    const from = options.from ?? account.jid();
    const notification = el('notification', { type, from, id: newId(), t: now() }, content);
    for (const device of account.devices.values()) {
      if (device.index !== options.except) this.network.post.deliver({ account, index: device.index }, notification);
    }
  }

  /** Tells everybody who has this account's device list that it changed. */
  announceDevices(account: Account, change: 'add' | 'remove', device: Device): void {
    const list = el('key-index-list', { ts: now() }, change === 'add' ? signKeyIndexList(account) : undefined);
    const entry = el('device', { jid: device.jid(), 'key-index': device.record.keyIndex, lid: device.jid('lid') });
    const content = [el(change, { device_hash: `2:${randomBytes(6).toString('base64')}` }, [entry, list])];
    for (const listener of this.listenersOf(account)) {
      const except = listener === account ? { except: device.index } : {};
      this.notify(listener, 'devices', content, { from: account.jid(), ...except });
    }
  }

  /** Tells a device that its one-time keys run out. */
  remindOfPreKeys(device: Device): void {
    const { account, index, prekeys } = device;
    const attrs = { type: 'encrypt', from: SERVER_JID, id: newId(), t: now() };
    const content = [el('count', { value: prekeys.count })];
    this.network.post.deliver({ account, index }, el('notification', attrs, content));
  }

  /** The account itself and everybody who shows something of it. */
  listenersOf(account: Account): Set<Account> {
    const watching = account.record.watchers.map((number) => this.network.world.account(number));
    return new Set([account, ...watching.filter((found) => found !== undefined)]);
  }
}

function newId(): string {
  return randomBytes(8).toString('hex').toUpperCase();
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
