/** Stores messages with their chats and people, each once, in one fenced transaction. */
import { type ChatAddress, type HistoryBatch, type Lease, LeaseLost } from '@trunkline/core';
import type { Sql } from '../sql/sql.js';
import type { Transaction } from '../sql/transaction.js';
import type { Authority, Person } from './identity-book.js';
import { readIdentities, writeIdentities } from './store-identities.js';
import { writeChats } from './write-chats.js';
import { writeMessages } from './write-messages.js';

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
    await writeChats(tx, lease, batch, book);
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
