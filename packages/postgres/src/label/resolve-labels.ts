/** Turns label names into labels, making those that the organisation does not have yet. */
import { LABEL_COLOURS, type LabelRef } from '@trunkline/core';
import { customAlphabet } from 'nanoid';
import type { Sql } from '../sql/sql.js';

const letters = customAlphabet('abcdefghijklmnopqrstuvwxyz', 16);

// Sorted, so that two requests with the same new names do not wait for each other crosswise.
const ADD_UNKNOWN = `
  with known as (select count(*) as labels from labels where org_id = $1 and type = $2)
  insert into labels (label_id, org_id, type, name, name_key, color)
  select n.label_id, $1, $2, n.name, n.name_key,
    ($6::text[])[1 + (known.labels + n.place - 1) % cardinality($6::text[])]
  from known, unnest($3::text[], $4::text[], $5::text[]) with ordinality as n (label_id, name, name_key, place)
  where not exists (
    select from labels b where b.org_id = $1 and b.type = $2 and b.name_key = n.name_key
  )
  order by n.name_key
  on conflict (org_id, type, name_key) do nothing`;

/** Labels for these names in the order given, ignoring case; the spelling that was stored first wins. */
export async function resolveLabels(
  sql: Sql,
  orgId: string,
  type: string,
  names: readonly string[],
): Promise<LabelRef[]> {
  // Reversed: of two spellings in one list the first one counts.
  const wanted = new Map([...names].reverse().map((name) => [nameKey(name), name]));
  if (wanted.size === 0) return [];
  const keys = [...new Set(names.map(nameKey))];
  const found = await findLabels(sql, orgId, type, keys);
  const unknown = keys.filter((key) => !found.has(key));
  if (unknown.length > 0) {
    const ids = unknown.map(() => `label-${letters()}`);
    const spellings = unknown.map((key) => wanted.get(key));
    await sql.rows(ADD_UNKNOWN, [orgId, type, ids, spellings, unknown, [...LABEL_COLOURS]]);
    for (const [key, label] of await findLabels(sql, orgId, type, unknown)) found.set(key, label);
  }
  return keys.flatMap((key) => found.get(key) ?? []);
}

async function findLabels(sql: Sql, orgId: string, type: string, keys: string[]): Promise<Map<string, LabelRef>> {
  const rows = await sql.rows<{ name_key: string; label_id: string; name: string }>(
    'select name_key, label_id, name from labels where org_id = $1 and type = $2 and name_key = any ($3)',
    [orgId, type, keys],
  );
  return new Map(rows.map((row) => [row.name_key, { labelId: row.label_id, name: row.name }]));
}

function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
