/** `SessionStore` on PostgreSQL: credentials and Signal keys of one phone, encrypted, every write fenced by the lease. */
import { type InboxEntry, type Lease, LeaseLost, type SessionStore, type SessionWrite } from '@trunkline/core';
import type { DataKeys } from '../secrets/data-keys.js';
import { open, seal } from '../secrets/envelope.js';
import type { Sql } from '../sql/sql.js';
import { KEEP_SENT, WRITE } from './session-statements.js';

const CREDENTIALS_KIND = 'creds';
const SENT_CONTENT_KEPT = '7 days';

interface InboxRow {
  readonly ciphertext_hash: Buffer;
  readonly stanza: string;
  readonly plaintext: Buffer;
}

export class PostgresSessionStore implements SessionStore {
  constructor(
    private readonly sql: Sql,
    private readonly dataKeys: DataKeys,
    private readonly lease: Lease,
  ) {}

  async readCredentials(): Promise<Uint8Array | null> {
    return (await this.readKeys(CREDENTIALS_KIND, [''])).get('') ?? null;
  }

  async readKeys(kind: string, keyIds: readonly string[]): Promise<Map<string, Uint8Array>> {
    if (keyIds.length === 0) return new Map();
    const { phoneId } = this.lease;
    const rows = await this.sql.rows<{ key_id: string; value: Buffer }>(
      {
        name: 'session-read',
        text: 'select key_id, value from credentials where phone_id = $1 and kind = $2 and key_id = any ($3)',
      },
      [phoneId, kind, keyIds],
    );
    if (rows.length === 0) return new Map();
    const key = await this.dataKeys.of(phoneId);
    return new Map(rows.map((row) => [row.key_id, open(key, row.value, [phoneId, kind, row.key_id])]));
  }

  async listKeys(kind: string, prefix = ''): Promise<string[]> {
    const rows = await this.sql.rows<{ key_id: string }>(
      'select key_id from credentials where phone_id = $1 and kind = $2 and starts_with(key_id, $3) order by key_id',
      [this.lease.phoneId, kind, prefix],
    );
    return rows.map((row) => row.key_id);
  }

  async write(change: SessionWrite): Promise<void> {
    const { phoneId } = this.lease;
    const key = await this.dataKeys.of(phoneId);
    const rows = lastOfEach(change);
    const kept = rows.flatMap(({ kind, keyId, value }) =>
      value === null ? [] : [{ kind, keyId, sealed: seal(key, value, [phoneId, kind, keyId]) }],
    );
    const dropped = rows.filter((row) => row.value === null);
    const { inbox } = change;
    await this.#fenced(WRITE, [
      kept.map((row) => row.kind),
      kept.map((row) => row.keyId),
      kept.map((row) => row.sealed),
      dropped.map((row) => row.kind),
      dropped.map((row) => row.keyId),
      inbox === undefined ? null : Buffer.from(inbox.ciphertextHash),
      inbox === undefined ? null : JSON.stringify(inbox.stanza),
      inbox === undefined ? null : seal(key, inbox.plaintext, inboxPlace(phoneId, inbox.ciphertextHash)),
      (change.settled ?? []).map((hash) => Buffer.from(hash)),
    ]);
  }

  async findInbox(ciphertextHash: Uint8Array): Promise<InboxEntry | null> {
    const rows = await this.sql.rows<InboxRow>(
      {
        name: 'inbox-find',
        text: `select ciphertext_hash, stanza, plaintext from inbox where phone_id = $1 and ciphertext_hash = $2`,
      },
      [this.lease.phoneId, Buffer.from(ciphertextHash)],
    );
    const [entry] = await this.#openInbox(rows);
    return entry ?? null;
  }

  async waitingInbox(): Promise<InboxEntry[]> {
    const rows = await this.sql.rows<InboxRow>(
      `select ciphertext_hash, stanza, plaintext from inbox
       where phone_id = $1 and settled_at is null order by received_at, ciphertext_hash`,
      [this.lease.phoneId],
    );
    return this.#openInbox(rows);
  }

  async sentContent(chatJid: string, waId: string): Promise<Uint8Array | null> {
    const { phoneId } = this.lease;
    const [row] = await this.sql.rows<{ content: Buffer }>(
      `select content from sent_content
       where phone_id = $1 and chat_jid = $2 and wa_id = $3 and at > clock_timestamp() - interval '${SENT_CONTENT_KEPT}'`,
      [phoneId, chatJid, waId],
    );
    if (row === undefined) return null;
    return open(await this.dataKeys.of(phoneId), row.content, sentPlace(phoneId, chatJid, waId));
  }

  async keepSentContent(chatJid: string, waId: string, content: Uint8Array): Promise<void> {
    const { phoneId } = this.lease;
    const key = await this.dataKeys.of(phoneId);
    await this.#fenced(KEEP_SENT, [chatJid, waId, seal(key, content, sentPlace(phoneId, chatJid, waId))]);
  }

  async #openInbox(rows: readonly InboxRow[]): Promise<InboxEntry[]> {
    if (rows.length === 0) return [];
    const { phoneId } = this.lease;
    const key = await this.dataKeys.of(phoneId);
    return rows.map((row) => ({
      ciphertextHash: row.ciphertext_hash,
      stanza: JSON.parse(row.stanza) as Record<string, string>,
      plaintext: open(key, row.plaintext, inboxPlace(phoneId, row.ciphertext_hash)),
    }));
  }

  async #fenced(statement: typeof WRITE, values: readonly unknown[]): Promise<void> {
    const { phoneId, nodeId, epoch } = this.lease;
    const [row] = await this.sql.rows<{ held: boolean }>(statement, [phoneId, nodeId, epoch, ...values]);
    if (row?.held !== true) throw new LeaseLost(phoneId);
  }
}

/**
 * The rows to write, each key once (the last value given wins, as one statement cannot write a row twice) and in one
 * order everywhere, so that two writes of one phone cannot wait for each other crosswise.
 */
function lastOfEach(change: SessionWrite): { kind: string; keyId: string; value: Uint8Array | null }[] {
  const rows = new Map((change.keys ?? []).map((row) => [JSON.stringify([row.kind, row.keyId]), { ...row }]));
  if (change.credentials !== undefined) {
    rows.set('', { kind: CREDENTIALS_KIND, keyId: '', value: change.credentials });
  }
  return [...rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function inboxPlace(phoneId: string, ciphertextHash: Uint8Array): string[] {
  return [phoneId, 'inbox', Buffer.from(ciphertextHash).toString('hex')];
}

function sentPlace(phoneId: string, chatJid: string, waId: string): string[] {
  return [phoneId, 'sent', chatJid, waId];
}
