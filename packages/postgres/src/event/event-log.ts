/** `EventLog` on PostgreSQL: never shows a position while an earlier one may still be filled. */
import type { EventLog, LoggedEvent } from '@trunkline/core';
import type { Sql } from '../sql/sql.js';
import type { Listener } from '../wake/listener.js';
import { SettledPosition } from './settled-position.js';

interface EventRow {
  readonly position: number;
  readonly id: string;
  readonly org_id: string;
  readonly phone_id: string;
  readonly sequence: number;
  readonly name: string;
  readonly payload: string;
  readonly at: Date;
}

export class PostgresEventLog implements EventLog {
  readonly #settled: SettledPosition;

  constructor(
    private readonly sql: Sql,
    private readonly listener: Listener,
  ) {
    this.#settled = new SettledPosition(sql);
  }

  async after(
    position: number,
    limit: number,
    filter: { orgId?: string; phoneId?: string; name?: string } = {},
  ): Promise<LoggedEvent[]> {
    const settled = await this.#settled.read();
    if (position >= settled) return [];
    const { conditions, values } = where(filter);
    const rows = await this.sql.rows<EventRow>(
      `select position, id, org_id, phone_id, sequence, name, payload, at from events
       where position > $1 and position <= $2 ${conditions} order by position limit $3`,
      [position, settled, limit, ...values],
    );
    return rows.map(toEvent);
  }

  settledPosition(): Promise<number> {
    return this.#settled.read();
  }

  watch(onWake: () => void): () => void {
    return this.listener.watch(['events'], onWake);
  }
}

function where(filter: { orgId?: string; phoneId?: string; name?: string }): { conditions: string; values: string[] } {
  const columns = { org_id: filter.orgId, phone_id: filter.phoneId, name: filter.name };
  const given = Object.entries(columns).flatMap(([column, value]) => (value === undefined ? [] : [{ column, value }]));
  return {
    conditions: given.map(({ column }, at) => `and ${column} = $${at + 4}`).join(' '),
    values: given.map(({ value }) => value),
  };
}

function toEvent(row: EventRow): LoggedEvent {
  return {
    position: row.position,
    id: row.id,
    orgId: row.org_id,
    phoneId: row.phone_id,
    sequence: row.sequence,
    name: row.name,
    payload: row.payload,
    at: row.at,
  };
}
