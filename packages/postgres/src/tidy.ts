/** Removes rows that have been kept long enough, a bounded number at a time. */
import type { Sql } from './sql/sql.js';

/** Rows removed, by table. A table at the bound has more to remove. */
export type TidyReport = Readonly<Record<string, number>>;

export const ROWS_PER_TIDY = 5_000;

const KEPT = [
  { table: 'retired_credentials', old: "retired_at < clock_timestamp() - interval '7 days'" },
  // WhatsApp holds an undelivered stanza back for about 14 days and may send a delivered one once more.
  { table: 'inbox', old: "settled_at < clock_timestamp() - interval '14 days'" },
  { table: 'sent_content', old: "at < clock_timestamp() - interval '7 days'" },
  { table: 'phone_diary', old: "at < clock_timestamp() - interval '90 days'" },
  { table: 'events', old: "at < clock_timestamp() - interval '31 days'" },
] as const;

export async function tidy(sql: Sql): Promise<TidyReport> {
  const report: Record<string, number> = {};
  for (const { table, old } of KEPT) {
    const rows = await sql.rows(
      `delete from ${table} where ctid = any (array(
         select ctid from ${table} where ${old} limit ${ROWS_PER_TIDY} for update skip locked
       )) returning 1`,
    );
    report[table] = rows.length;
  }
  return report;
}
