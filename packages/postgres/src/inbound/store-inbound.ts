/** Stores messages with their chats and people, each once, in one fenced transaction. */
import {
  type Address,
  type ChatAddress,
  type HistoryBatch,
  type HistoryChat,
  type InboundMessage,
  type Lease,
  LeaseLost,
} from '@trunkline/core';
import { cleanText } from '../sql/clean-text.js';
import type { Sql, Transaction } from '../sql/sql.js';
import type { Authority, IdentityBook, Person } from './identity-book.js';
import { readIdentities, writeIdentities } from './store-identities.js';

/** One writer of people, chats and messages per phone: merging what is learned must not race. State changes do not wait for it. */
const LOCK = {
  name: 'inbound-lock',
  text: `select pg_advisory_xact_lock(hashtextextended(phone_id, 1))::text as locked from phone_leases
    where phone_id = $1 and node_id = $2 and epoch = $3 for share`,
};

/** Stores the batch and answers how many of its messages were new (or replaced a placeholder). */
export async function storeInbound(sql: Sql, lease: Lease, batch: HistoryBatch, authority: Authority): Promise<number> {
  const people = peopleOf(batch);
  return sql.transaction(async (tx) => {
    const held = await tx.rows(LOCK, [lease.phoneId, lease.nodeId, lease.epoch]);
    if (held.length === 0) throw new LeaseLost(lease.phoneId);
    const book = await readIdentities(tx, lease.phoneId, people);
    for (const person of people) book.learn(person, authority);
    await writeIdentities(tx, lease.phoneId, book.changes());
    await writeChats(tx, lease, chatsOf(batch, book));
    const fresh = await writeMessages(tx, lease, batch.messages, book);
    await settleInbox(tx, lease, batch);
    return fresh;
  });
}

function peopleOf(batch: HistoryBatch): Person[] {
  const inChat = (chat: ChatAddress) => (chat.kind === 'person' ? [{ ...chat.address, name: null }] : []);
  return [
    ...batch.people.map(({ address, name }) => ({ ...address, name })),
    ...batch.chats.flatMap(({ chat }) => inChat(chat)),
    ...batch.messages.flatMap((message) => [...inChat(message.chat), { ...message.sender, name: message.senderName }]),
  ];
}

function chatId(chat: ChatAddress, book: IdentityBook): string {
  if (chat.kind === 'group') return chat.groupId;
  const { number, lid } = book.complete(chat.address);
  return number === null ? `${lid}@lid` : `${number}@c.us`;
}

interface ChatRow {
  readonly chatId: string;
  readonly kind: 'user' | 'group';
  readonly name: string | null;
  readonly unreadCount: number | null;
  readonly at: Date | null;
}

/** Every chat of the batch once: those that are told, and those that its messages imply. */
function chatsOf(batch: HistoryBatch, book: IdentityBook): ChatRow[] {
  const implied = batch.messages.map(({ chat, at }): HistoryChat => ({ chat, at, name: null, unreadCount: null }));
  const rows = new Map<string, ChatRow>();
  for (const { chat, name, unreadCount, at } of [...batch.chats, ...implied]) {
    const id = chatId(chat, book);
    const known = rows.get(id);
    rows.set(id, {
      chatId: id,
      kind: chat.kind === 'group' ? 'group' : 'user',
      name: known?.name ?? name,
      unreadCount: known?.unreadCount ?? unreadCount,
      at: later(known?.at ?? null, at),
    });
  }
  return [...rows.values()];
}

function later(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}

const WRITE_CHATS = {
  name: 'inbound-chats',
  text: `
    insert into chats as c (phone_id, org_id, chat_id, kind, name, unread_count, last_message_at)
    select $1, $2, n.chat_id, n.kind, n.name, n.unread_count, n.at
    from unnest($3::text[], $4::text[], $5::text[], $6::integer[], $7::timestamptz[]) as n (chat_id, kind, name, unread_count, at)
    on conflict (phone_id, chat_id) do update set
      name = coalesce(c.name, excluded.name),
      unread_count = coalesce(c.unread_count, excluded.unread_count),
      last_message_at = greatest(c.last_message_at, excluded.last_message_at),
      updated_at = clock_timestamp()`,
};

async function writeChats(tx: Transaction, lease: Lease, chats: readonly ChatRow[]): Promise<void> {
  if (chats.length === 0) return;
  await tx.rows(WRITE_CHATS, [
    lease.phoneId,
    lease.orgId,
    chats.map((chat) => chat.chatId),
    chats.map((chat) => chat.kind),
    chats.map((chat) => cleanText(chat.name)),
    chats.map((chat) => chat.unreadCount),
    chats.map((chat) => chat.at),
  ]);
}

// A placeholder for what could not be decrypted is replaced when the content comes; nothing else ever changes.
const WRITE_MESSAGES = {
  name: 'inbound-messages',
  text: `
    insert into messages as m (phone_id, org_id, chat_id, wa_id, from_me, sender_number, sender_lid, sender_name,
      type, body, quoted_wa_id, content, from_history, at)
    select $1, $2, n.* from unnest($3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[], $8::text[],
      $9::text[], $10::text[], $11::text[], $12::bytea[], $13::boolean[], $14::timestamptz[]) as n
    on conflict (phone_id, chat_id, wa_id, from_me) do update set
      sender_number = excluded.sender_number, sender_lid = excluded.sender_lid, sender_name = excluded.sender_name,
      type = excluded.type, body = excluded.body, quoted_wa_id = excluded.quoted_wa_id, content = excluded.content,
      stored_at = clock_timestamp()
    where m.type = 'ciphertext' and excluded.type <> 'ciphertext'
    returning m.wa_id`,
};

interface MessageRow {
  readonly chatId: string;
  readonly sender: Address;
  readonly message: InboundMessage;
}

async function writeMessages(
  tx: Transaction,
  lease: Lease,
  messages: readonly InboundMessage[],
  book: IdentityBook,
): Promise<number> {
  if (messages.length === 0) return 0;
  const rows = onceEach(
    messages.map((message) => ({ message, chatId: chatId(message.chat, book), sender: book.complete(message.sender) })),
  );
  const column = <T>(of: (row: MessageRow) => T): T[] => rows.map(of);
  const written = await tx.rows(WRITE_MESSAGES, [
    lease.phoneId,
    lease.orgId,
    column((row) => row.chatId),
    column((row) => cleanText(row.message.waId)),
    column((row) => row.message.fromMe),
    column((row) => row.sender.number),
    column((row) => row.sender.lid),
    column((row) => cleanText(row.message.senderName)),
    column((row) => row.message.type),
    column((row) => cleanText(row.message.body)),
    column((row) => cleanText(row.message.quotedWaId)),
    column((row) => Buffer.from(row.message.content)),
    column((row) => row.message.fromHistory),
    column((row) => row.message.at),
  ]);
  return written.length;
}

/** One statement cannot write a row twice; of two, the one with content counts. */
function onceEach(rows: readonly MessageRow[]): MessageRow[] {
  const byKey = new Map<string, MessageRow>();
  for (const row of rows) {
    const key = JSON.stringify([row.chatId, row.message.waId, row.message.fromMe]);
    const known = byKey.get(key);
    if (known === undefined || known.message.type === 'ciphertext') byKey.set(key, row);
  }
  return [...byKey.values()];
}

async function settleInbox(tx: Transaction, lease: Lease, batch: HistoryBatch): Promise<void> {
  const hashes = [batch.ciphertextHash, ...batch.messages.map((message) => message.ciphertextHash)].flatMap((hash) =>
    hash === null ? [] : [Buffer.from(hash)],
  );
  if (hashes.length === 0) return;
  await tx.rows(SETTLE, [lease.phoneId, hashes]);
}

const SETTLE = {
  name: 'inbox-settle',
  text: `update inbox set settled_at = clock_timestamp()
    where phone_id = $1 and ciphertext_hash = any ($2) and settled_at is null`,
};
