import type { Lease, LeaseStore, Network, Node } from '@trunkline/core';
import type { MemoryDatabase } from './memory-database.js';

/** `LeaseStore` on a memory database, whose time is the steady time of its clock. */
export class MemoryLeaseStore implements LeaseStore {
  constructor(
    private readonly db: MemoryDatabase,
    /** The node that asks; a dead one gets no answer. */
    private readonly callerId: string,
  ) {}

  async registerNode(node: Node): Promise<void> {
    await this.db.enter(this.callerId, 'registerNode');
    this.db.nodes.set(node.nodeId, { node, draining: false, heartbeatAt: this.db.clock.monotonic() });
  }

  async heartbeat(nodeId: string): Promise<boolean> {
    await this.db.enter(this.callerId, 'heartbeat');
    const entry = this.db.nodes.get(nodeId);
    if (entry !== undefined) entry.heartbeatAt = this.db.clock.monotonic();
    return entry !== undefined;
  }

  async removeNode(nodeId: string): Promise<void> {
    await this.db.enter(this.callerId, 'removeNode');
    this.db.nodes.delete(nodeId);
  }

  async liveNodes(network?: Network): Promise<(Node & { phones: number; draining: boolean })[]> {
    await this.db.enter(this.callerId, 'liveNodes');
    const rows = [...this.db.phones.values()];
    return [...this.db.nodes.values()]
      .filter(({ node }) => this.db.isAlive(node.nodeId) && (network === undefined || node.network === network))
      .map(({ node, draining }) => ({
        ...node,
        draining,
        phones: rows.filter(({ lease }) => lease.nodeId === node.nodeId).length,
      }));
  }

  async heartbeats(): Promise<{ nodeId: string; mark: string }[]> {
    return [...this.db.nodes].map(([nodeId, { heartbeatAt }]) => ({ nodeId, mark: String(heartbeatAt) }));
  }

  async nodesOfHost(hostId: string): Promise<Node[]> {
    return [...this.db.nodes.values()].map(({ node }) => node).filter((node) => node.hostId === hostId);
  }

  async markDraining(nodeId: string): Promise<void> {
    await this.db.enter(this.callerId, 'markDraining');
    const entry = this.db.nodes.get(nodeId);
    if (entry !== undefined) entry.draining = true;
  }

  async claim(nodeId: string, network: Network, limit: number): Promise<Lease[]> {
    await this.db.enter(this.callerId, 'claim');
    if (!this.db.isAlive(nodeId)) return [];
    const taken = this.db.unowned(network).slice(0, limit);
    const leases = taken.map((row) => this.db.take(row, nodeId));
    await this.db.after('claim');
    return leases;
  }

  async held(nodeId: string): Promise<Lease[]> {
    await this.db.enter(this.callerId, 'held');
    const mine = [...this.db.phones.values()].filter(({ lease }) => lease.nodeId === nodeId);
    return mine.map((row) => this.db.leaseOf(row, nodeId));
  }

  async release(leases: readonly Lease[]): Promise<void> {
    await this.db.enter(this.callerId, 'release');
    for (const { phoneId, nodeId, epoch } of leases) {
      const row = this.db.row(phoneId);
      if (row.lease.nodeId === nodeId && row.lease.epoch === epoch) row.lease = { nodeId: null, epoch };
    }
    await this.db.after('release');
  }

  async ownerOf(phoneId: string): Promise<{ nodeId: string; address: string; epoch: number } | null> {
    const { nodeId, epoch } = this.db.row(phoneId).lease;
    const entry = nodeId === null || !this.db.isAlive(nodeId) ? undefined : this.db.nodes.get(nodeId);
    return entry === undefined ? null : { nodeId: entry.node.nodeId, address: entry.node.address, epoch };
  }

  async unowned(network: Network): Promise<number> {
    await this.db.enter(this.callerId, 'unowned');
    return this.db.unowned(network).length;
  }
}
