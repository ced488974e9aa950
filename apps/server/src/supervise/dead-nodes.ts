import { type Clock, LEASE_TTL_MS, type LeaseStore, type Log } from '@trunkline/core';

/** A node that may still beat has this much more time than the lease, because our looks are a second apart. */
const SLACK_MS = 5_000;

/**
 * Declares nodes dead whose heartbeat stays the same for longer than a lease by our own steady time, while the database
 * answers us. No wall clock takes part, so setting the time of any host kills nobody.
 */
export class DeadNodes {
  readonly #seen = new Map<string, { mark: string; since: number }>();
  #answeredAt: number | null = null;

  constructor(
    private readonly leases: LeaseStore,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  async look(): Promise<void> {
    const now = this.clock.monotonic();
    const beats = await this.leases.heartbeats();
    // While the database, or we, were away nobody could beat or be seen to: everybody starts anew.
    if (this.#answeredAt !== null && now - this.#answeredAt > SLACK_MS) this.#seen.clear();
    this.#answeredAt = this.clock.monotonic();
    for (const { nodeId, mark } of beats) {
      const before = this.#seen.get(nodeId);
      if (before?.mark !== mark) this.#seen.set(nodeId, { mark, since: now });
      else if (now - before.since > LEASE_TTL_MS + SLACK_MS) {
        this.log.warn('node stopped beating and is declared dead', { node_id: nodeId });
        await this.leases.removeNode(nodeId);
      }
    }
    const alive = new Set(beats.map(({ nodeId }) => nodeId));
    for (const nodeId of this.#seen.keys()) if (!alive.has(nodeId)) this.#seen.delete(nodeId);
  }
}
