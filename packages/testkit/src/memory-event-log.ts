import { randomUUID } from 'node:crypto';
import type { EventDraft, EventLog, LoggedEvent } from '@trunkline/core';

/** `EventLog` in memory, for tests. Appending wakes the readers in a later turn, as a database would. */
export class MemoryEventLog implements EventLog {
  readonly #events: LoggedEvent[] = [];
  readonly #sequences = new Map<string, number>();
  readonly #watchers = new Set<() => void>();

  append(orgId: string, phoneId: string, drafts: readonly EventDraft[]): void {
    for (const { name, payload } of drafts) {
      const sequence = (this.#sequences.get(phoneId) ?? 0) + 1;
      this.#sequences.set(phoneId, sequence);
      const position = this.#events.length + 1;
      this.#events.push({ position, id: randomUUID(), orgId, phoneId, sequence, name, payload, at: new Date() });
    }
    if (drafts.length > 0) for (const wake of this.#watchers) setImmediate(wake);
  }

  async after(
    position: number,
    limit: number,
    filter: { orgId?: string; phoneId?: string; name?: string } = {},
  ): Promise<LoggedEvent[]> {
    return this.#events
      .filter((event) => event.position > position)
      .filter((event) => filter.orgId === undefined || event.orgId === filter.orgId)
      .filter((event) => filter.phoneId === undefined || event.phoneId === filter.phoneId)
      .filter((event) => filter.name === undefined || event.name === filter.name)
      .slice(0, limit);
  }

  async settledPosition(): Promise<number> {
    return this.#events.length;
  }

  watch(onWake: () => void): () => void {
    this.#watchers.add(onWake);
    return () => void this.#watchers.delete(onWake);
  }
}
