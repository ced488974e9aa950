/** Messages of a batch. */
import type { Address, InboundMessage, Lease } from '@trunkline/core';
import { cleanText } from '../sql/clean-text.js';
import type { Transaction } from '../sql/transaction.js';
import { chatId } from './chat-id.js';
import type { IdentityBook } from './identity-book.js';

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

/** Stores messages once and answers how many were new or replaced a placeholder. */
export async function writeMessages(
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
