/** Chats of a batch of messages. */
import type { HistoryBatch, HistoryChat, Lease } from '@trunkline/core';
import { cleanText } from '../sql/clean-text.js';
import type { Transaction } from '../sql/transaction.js';
import { chatId } from './chat-id.js';
import type { IdentityBook } from './identity-book.js';

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

/** Stores every chat that the batch tells of or implies. */
export async function writeChats(
  tx: Transaction,
  lease: Lease,
  batch: HistoryBatch,
  book: IdentityBook,
): Promise<void> {
  const chats = chatsOf(batch, book);
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
