import type {
  Decide,
  HistoryBatch,
  InboundMessage,
  InboxEntry,
  Lease,
  OwnedPhoneStore,
  Phone,
  PhoneCommand,
  SessionStore,
  SessionWrite,
} from '@trunkline/core';
import type { MemoryDatabase } from './memory-database.js';

/** `OwnedPhoneStore` of one node on a memory database. */
export class MemoryOwnedStore implements OwnedPhoneStore {
  constructor(
    private readonly db: MemoryDatabase,
    private readonly nodeId: string,
  ) {}

  async read(lease: Lease): Promise<{ phone: Phone; deleted: boolean; linked: boolean }> {
    await this.db.enter(this.nodeId, 'read');
    const { phone, deleted, credentials } = this.db.owned(lease);
    return { phone, deleted, linked: credentials !== null };
  }

  async change(lease: Lease, decide: Decide): Promise<Phone> {
    await this.db.enter(this.nodeId, 'change');
    const phone = this.db.change(this.db.owned(lease), this.nodeId, decide);
    await this.db.after('change');
    return phone;
  }

  async commands(leases: readonly Lease[]): Promise<PhoneCommand[]> {
    await this.db.enter(this.nodeId, 'commands');
    const phones = new Set(leases.map(({ phoneId }) => phoneId));
    return this.db.commands.filter(({ phoneId }) => phones.has(phoneId));
  }

  async otherPhoneWithNumber(lease: Lease, number: string): Promise<string | null> {
    await this.db.enter(this.nodeId, 'otherPhoneWithNumber');
    const others = [...this.db.phones.values()].filter(({ phone }) => phone.phoneId !== lease.phoneId);
    const bound = others.find((row) => row.phone.number === number && row.credentials !== null && !row.deleted);
    return bound?.phone.phoneId ?? null;
  }

  async receive(lease: Lease, message: InboundMessage): Promise<'new' | 'known'> {
    await this.db.enter(this.nodeId, 'receive');
    const { messages } = this.db.owned(lease);
    if (messages.some(({ waId }) => waId === message.waId)) return 'known';
    messages.push(message);
    await this.db.after('receive');
    return 'new';
  }

  async storeHistory(lease: Lease, batch: HistoryBatch): Promise<void> {
    await this.db.enter(this.nodeId, 'storeHistory');
    this.db.owned(lease).history.push(batch);
    await this.db.after('storeHistory');
  }

  sessionStore(lease: Lease): SessionStore {
    return new OwnedSessionStore(this.db, lease);
  }

  watchCommands(onWake: () => void): () => void {
    this.db.watchers.add(onWake);
    return () => void this.db.watchers.delete(onWake);
  }
}

/** The credentials of one phone under one lease, as far as a fake engine needs them. */
class OwnedSessionStore implements SessionStore {
  constructor(
    private readonly db: MemoryDatabase,
    private readonly lease: Lease,
  ) {}

  async readCredentials(): Promise<Uint8Array | null> {
    return this.db.owned(this.lease).credentials;
  }

  async readKeys(kind: string, keyIds: readonly string[]): Promise<Map<string, Uint8Array>> {
    const { keys } = this.db.owned(this.lease);
    const rows = keyIds.map((id) => [id, keys.get(`${kind} ${id}`)] as const);
    return new Map(rows.flatMap(([id, value]) => (value === undefined ? [] : [[id, value]])));
  }

  async listKeys(kind: string, prefix = ''): Promise<string[]> {
    const start = `${kind} ${prefix}`;
    const names = [...this.db.owned(this.lease).keys.keys()].filter((name) => name.startsWith(start));
    return names.map((name) => name.slice(kind.length + 1));
  }

  async write(change: SessionWrite): Promise<void> {
    await this.db.enter(this.lease.nodeId, 'write');
    const row = this.db.owned(this.lease);
    if (change.credentials !== undefined) row.credentials = change.credentials;
    for (const { kind, keyId, value } of change.keys ?? []) {
      if (value === null) row.keys.delete(`${kind} ${keyId}`);
      else row.keys.set(`${kind} ${keyId}`, value);
    }
    await this.db.after('write');
  }

  async findInbox(): Promise<InboxEntry | null> {
    return null;
  }

  async waitingInbox(): Promise<InboxEntry[]> {
    return [];
  }

  async sentContent(): Promise<Uint8Array | null> {
    return null;
  }

  async keepSentContent(): Promise<void> {}
}
