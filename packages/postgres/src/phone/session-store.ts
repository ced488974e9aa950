/** `SessionStore` on PostgreSQL: credentials and Signal keys of one phone, encrypted, every write fenced by the lease. */
import { type InboxEntry, type Lease, LeaseLost, type SessionStore, type SessionWrite } from '@trunkline/core';
import type { DataKeys } from '../secrets/data-keys.js';
import { open, seal } from '../secrets/envelope.js';
import type { Sql } from '../sql/sql.js';

const CREDENTIALS_KIND = 'creds';
const SENT_CONTENT_KEPT = '7 days';

// FOR SHARE: a takeover of the lease waits until this commits, and a write that waited for a takeover finds no row.
const HELD = 'select from phone_leases where phone_id = $1 and node_id = $2 and epoch = $3 for share';

const WRITE = {
  name: 'session-write',
  text: `
    with held as materialized (${HELD}), upserted as (
      insert into credentials (phone_id, kind, key_id, value)
      select $1, k.kind, k.key_id, k.value
      from held, unnest($4::text[], $5::text[], $6::bytea[]) as k (kind, key_id, value)
      on conflict (phone_id, kind, key_id) do update set value = excluded.value
    ), deleted as (
      delete from credentials c using held, unnest($7::text[], $8::text[]) as k (kind, key_id)
      where c.phone_id = $1 and c.kind = k.kind and c.key_id = k.key_id
    ), kept as (
      insert into inbox (phone_id, ciphertext_hash, stanza, plaintext, settled_at)
      select $1, $9, $10, $11, case when $9 = any ($12::bytea[]) then clock_timestamp() end
      from held where $9::bytea is not null
      on conflict (phone_id, ciphertext_hash) do nothing
    ), settled as (
      update inbox i set settled_at = clock_timestamp() from held
      where i.phone_id = $1 and i.ciphertext_hash = any ($12::bytea[]) and i.settled_at is null
    )
    select exists (select from held) as held`,
};

const KEEP_SENT = {
  name: 'session-keep-sent',
  text: `
    with held as materialized (${HELD}), kept as (
      insert into sent_content (phone_id, chat_jid, wa_id, content) select $1, $4, $5, $6 from held
      on conflict (phone_id, chat_jid, wa_id) do update set content = excluded.content, at = excluded.at
    )
    select exists (select from held) as held`,
};

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
