/** Phones whose stored state promises a connection that nobody holds: their node is gone and no other has taken them yet. */
import type { Decide } from '@trunkline/core';
import { isAlive } from '../lease/node-life.js';
import type { Sql } from '../sql/sql.js';
import { applyDecision } from './change-phone.js';
import { lockPhoneOfNobody } from './lock-phone.js';

const AT_ONCE = 8;

const ABANDONED = {
  name: 'phones-abandoned',
  text: `select p.phone_id as "phoneId" from phones p join phone_leases l on l.phone_id = p.phone_id
    where p.needs_owner and p.deleted_at is null
      and (p.state ->> 'name' in ('online', 'syncing') or p.state ->> 'connectedUntil' is not null)
      and not exists (select from nodes n where n.node_id = l.node_id and ${isAlive('n')})`,
};

/** One short transaction per phone, a few at a time; answers how many were changed. */
export async function changeAbandonedPhones(sql: Sql, decide: Decide): Promise<number> {
  const waiting = await sql.rows<{ phoneId: string }>(ABANDONED, []);
  let changed = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { phoneId } = next;
      const outcome = await sql.transaction(async (tx) => {
        const row = await lockPhoneOfNobody(tx, phoneId);
        return row === null ? null : applyDecision(tx, row, null, decide);
      });
      if (outcome !== null && outcome.appended > 0) changed += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return changed;
}
