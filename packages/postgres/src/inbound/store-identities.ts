/** Reads and writes what a phone knows about people, and moves chats from a LID to its number when that is learned. */
import type { Lid, PhoneNumber } from '@trunkline/core';
import { cleanText } from '../sql/clean-text.js';
import type { Transaction } from '../sql/transaction.js';
import { IdentityBook, type IdentityChanges, type IdentityRow, type Person } from './identity-book.js';

const READ = {
  name: 'identities-read',
  text: `select identity_id as "identityId", number, lid, name from identities
    where phone_id = $1 and (number = any ($2) or lid = any ($3))`,
};

/** The book of these people. The caller holds the lock of the phone's inbound rows. */
export async function readIdentities(
  tx: Transaction,
  phoneId: string,
  people: readonly Person[],
): Promise<IdentityBook> {
  const numbers = people.flatMap(({ number }) => number ?? []);
  const lids = people.flatMap(({ lid }) => lid ?? []);
  return new IdentityBook(await tx.rows<IdentityRow>(READ, [phoneId, [...new Set(numbers)], [...new Set(lids)]]));
}

// The unique indexes are checked row by row: first free what changes hands, then write.
const FREE = [
  'delete from identities where phone_id = $1 and identity_id = any ($2)',
  'update identities set number = null where phone_id = $1 and identity_id = any ($2) and lid is not null',
] as const;
const UPDATE = `
  update identities i set number = c.number, lid = c.lid, name = c.name, updated_at = clock_timestamp()
  from unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) as c (identity_id, number, lid, name)
  where i.phone_id = $1 and i.identity_id = c.identity_id`;
const ADD = `
  insert into identities (phone_id, number, lid, name)
  select $1, c.number, c.lid, c.name from unnest($2::text[], $3::text[], $4::text[]) as c (number, lid, name)`;

/** Writes what the book learned. */
export async function writeIdentities(tx: Transaction, phoneId: string, changes: IdentityChanges): Promise<void> {
  const { added, updated, deleted, learned } = changes;
  const ids = updated.map((row) => row.identityId);
  if (deleted.length > 0) await tx.rows(FREE[0], [phoneId, deleted]);
  if (learned.length > 0 && ids.length > 0) await tx.rows(FREE[1], [phoneId, ids]);
  if (updated.length > 0) await tx.rows(UPDATE, [phoneId, ids, ...columns(updated)]);
  if (added.length > 0) await tx.rows(ADD, [phoneId, ...columns(added)]);
  if (learned.length > 0) await moveChats(tx, phoneId, learned);
}

function columns(people: readonly Person[]): [(string | null)[], (string | null)[], (string | null)[]] {
  return [people.map(({ number }) => number), people.map(({ lid }) => lid), people.map(({ name }) => cleanText(name))];
}

const MOVES = 'unnest($2::text[], $3::text[]) as v (old_id, new_id)';

/** One after the other, because each works on what the one before it left. */
const MOVE_STEPS = [
  // What is only a placeholder under the number gives way to the content under the LID …
  `delete from messages t using ${MOVES}, messages s
   where t.phone_id = $1 and t.chat_id = v.new_id and t.type = 'ciphertext'
     and s.phone_id = $1 and s.chat_id = v.old_id and s.wa_id = t.wa_id and s.from_me = t.from_me and s.type <> 'ciphertext'`,
  `update messages m set chat_id = v.new_id from ${MOVES}
   where m.phone_id = $1 and m.chat_id = v.old_id and not exists (
     select from messages t where t.phone_id = $1 and t.chat_id = v.new_id and t.wa_id = m.wa_id and t.from_me = m.from_me)`,
  // … and what is left is there twice.
  `delete from messages m using ${MOVES} where m.phone_id = $1 and m.chat_id = v.old_id`,
  `insert into chats as c (phone_id, chat_id, org_id, kind, name, unread_count, last_message_at, created_at)
   select o.phone_id, v.new_id, o.org_id, o.kind, o.name, o.unread_count, o.last_message_at, o.created_at
   from chats o join ${MOVES} on o.chat_id = v.old_id where o.phone_id = $1
   on conflict (phone_id, chat_id) do update set
     name = coalesce(c.name, excluded.name),
     unread_count = greatest(c.unread_count, excluded.unread_count),
     last_message_at = greatest(c.last_message_at, excluded.last_message_at),
     created_at = least(c.created_at, excluded.created_at),
     updated_at = clock_timestamp()`,
  `delete from chats c using ${MOVES} where c.phone_id = $1 and c.chat_id = v.old_id`,
] as const;

async function moveChats(
  tx: Transaction,
  phoneId: string,
  learned: readonly { lid: Lid; number: PhoneNumber }[],
): Promise<void> {
  // The last pair of a LID holds when a batch names two.
  const moves = new Map(learned.map(({ lid, number }) => [`${lid}@lid`, `${number}@c.us`]));
  const values = [phoneId, [...moves.keys()], [...moves.values()]];
  await Promise.all(MOVE_STEPS.map((step) => tx.rows(step, values)));
}
