/** The right of one node to run one phone. `epoch` rises with every takeover and fences every write. */
export interface Lease {
  readonly phoneId: string;
  readonly orgId: string;
  readonly nodeId: string;
  readonly epoch: number;
}

export type Network = 'live' | 'sandbox';

/** One worker process. It lives as long as its heartbeat row is fresh by database time. */
export interface Node {
  readonly nodeId: string;
  /** Where interactive commands reach it, `http://host:port`. */
  readonly address: string;
  readonly network: Network;
  /** Boot id and process namespace of the host, and the process on it: lets a supervisor prove that a node is dead. */
  readonly hostId: string;
  readonly pid: number;
}

/** Time that a dead node keeps its phones. */
export const LEASE_TTL_MS = 30_000;
export const HEARTBEAT_EVERY_MS = 8_000;
/** Without a confirmed heartbeat for this long a node stops its own phones, before anybody can take them. */
export const SELF_STOP_MS = 20_000;

export interface LeaseStore {
  /** Adds or renews the node's row. May be repeated. */
  registerNode(node: Node): Promise<void>;
  /** Refreshes the heartbeat by database time; false when the row is gone (the node was declared dead). */
  heartbeat(nodeId: string): Promise<boolean>;
  /** Declares a node dead at once; its phones are free. Only for a node that provably no longer runs, or for oneself. */
  removeNode(nodeId: string): Promise<void>;
  liveNodes(network?: Network): Promise<(Node & { phones: number; draining: boolean })[]>;
  /** The last heartbeat of every node as an opaque mark: one that stays the same is of a node that does not beat. */
  heartbeats(): Promise<{ nodeId: string; mark: string }[]>;
  nodesOfHost(hostId: string): Promise<Node[]>;
  /** Marks the node as leaving: others do not hand it phones. */
  markDraining(nodeId: string): Promise<void>;
  /**
   * Takes up to `limit` phones of the node's network that need a session (wanted running and not resting, or with
   * a waiting command) and have no live owner. Each taken lease has a new epoch. Two nodes never get the same phone.
   */
  claim(nodeId: string, network: Network, limit: number): Promise<Lease[]>;
  /**
   * The leases that are the node's by what is stored: also those whose claim was never answered or whose release failed,
   * which nobody else takes while the node lives.
   */
  held(nodeId: string): Promise<Lease[]>;
  /** Gives leases back; a stale epoch is ignored. */
  release(leases: readonly Lease[]): Promise<void>;
  /** The live owner of a phone, or null. */
  ownerOf(phoneId: string): Promise<{ nodeId: string; address: string; epoch: number } | null>;
  /** How many phones of this network need an owner and have none. */
  unowned(network: Network): Promise<number>;
}
