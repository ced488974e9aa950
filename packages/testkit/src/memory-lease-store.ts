import type { Lease, LeaseStore, Network, Node } from '@trunkline/core';

/** `LeaseStore` in memory, for tests of what only asks about nodes. It hands out no phones. */
export class MemoryLeaseStore implements LeaseStore {
  readonly #nodes = new Map<string, Node>();

  async registerNode(node: Node): Promise<void> {
    this.#nodes.set(node.nodeId, node);
  }
  async heartbeat(nodeId: string): Promise<boolean> {
    return this.#nodes.has(nodeId);
  }
  async removeNode(nodeId: string): Promise<void> {
    this.#nodes.delete(nodeId);
  }
  async liveNodes(network?: Network): Promise<(Node & { phones: number; draining: boolean })[]> {
    return [...this.#nodes.values()]
      .filter((node) => network === undefined || node.network === network)
      .map((node) => ({ ...node, phones: 0, draining: false }));
  }
  async heartbeats(): Promise<{ nodeId: string; mark: string }[]> {
    return [...this.#nodes.keys()].map((nodeId) => ({ nodeId, mark: '' }));
  }
  async nodesOfHost(hostId: string): Promise<Node[]> {
    return [...this.#nodes.values()].filter((node) => node.hostId === hostId);
  }
  async markDraining(): Promise<void> {}
  async claim(): Promise<Lease[]> {
    return [];
  }
  async release(): Promise<void> {}
  async held(): Promise<Lease[]> {
    return [];
  }
  async ownerOf(): Promise<{ nodeId: string; address: string; epoch: number } | null> {
    return null;
  }
  async unowned(): Promise<number> {
    return 0;
  }
}
