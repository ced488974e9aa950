import { type InboxEntry, LeaseLost, type SessionStore, type SessionWrite } from '@trunkline/core';

/** A session store in memory, with the promises of the real one: a write commits whole or not at all. */
export class MemorySessionStore implements SessionStore {
  credentials: Uint8Array | null = null;
  readonly keys = new Map<string, Map<string, Uint8Array>>();
  /** Entries that wait. */
  readonly inbox: InboxEntry[] = [];
  /** Entries that wait no longer; their stanza may still come again. */
  readonly settledInbox: InboxEntry[] = [];
  readonly sent = new Map<string, Uint8Array>();
  /** Every write that committed, oldest first. */
  readonly writes: SessionWrite[] = [];
  reads = 0;
  /** While true every write is refused because another node took over. */
  isFenced = false;
  /** Runs before each write commits; throwing refuses it, waiting delays it. */
  beforeWrite: (change: SessionWrite) => Promise<void> | void = () => {};

  async readCredentials(): Promise<Uint8Array | null> {
    this.reads += 1;
    return this.credentials;
  }

  async readKeys(kind: string, keyIds: readonly string[]): Promise<Map<string, Uint8Array>> {
    this.reads += 1;
    const found = new Map<string, Uint8Array>();
    for (const id of keyIds) {
      const value = this.keys.get(kind)?.get(id);
      if (value !== undefined) found.set(id, value);
    }
    return found;
  }

  async listKeys(kind: string, prefix = ''): Promise<string[]> {
    return [...(this.keys.get(kind)?.keys() ?? [])].filter((id) => id.startsWith(prefix));
  }

  async write(change: SessionWrite): Promise<void> {
    await this.beforeWrite(change);
    if (this.isFenced) throw new LeaseLost('the phone of this memory store');
    this.writes.push(change);
    if (change.credentials !== undefined) this.credentials = Buffer.from(change.credentials);
    for (const { kind, keyId, value } of change.keys ?? []) {
      const rows = this.keys.get(kind) ?? new Map<string, Uint8Array>();
      if (value === null) rows.delete(keyId);
      else rows.set(keyId, Buffer.from(value));
      this.keys.set(kind, rows);
    }
    if (change.inbox !== undefined && (await this.findInbox(change.inbox.ciphertextHash)) === null) {
      this.inbox.push(change.inbox);
    }
    for (const hash of change.settled ?? []) this.settle(hash);
  }

  /** What storing a message does to its inbox entry. */
  settle(hash: Uint8Array): void {
    const at = this.inbox.findIndex((entry) => Buffer.from(entry.ciphertextHash).equals(hash));
    if (at >= 0) this.settledInbox.push(...this.inbox.splice(at, 1));
  }

  async findInbox(hash: Uint8Array): Promise<InboxEntry | null> {
    const known = [...this.inbox, ...this.settledInbox];
    return known.find((entry) => Buffer.from(entry.ciphertextHash).equals(hash)) ?? null;
  }

  async waitingInbox(): Promise<InboxEntry[]> {
    return [...this.inbox];
  }

  async sentContent(chatJid: string, waId: string): Promise<Uint8Array | null> {
    return this.sent.get(`${chatJid} ${waId}`) ?? null;
  }

  async keepSentContent(chatJid: string, waId: string, content: Uint8Array): Promise<void> {
    this.sent.set(`${chatJid} ${waId}`, content);
  }
}
