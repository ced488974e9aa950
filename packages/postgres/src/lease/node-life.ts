/** Who is alive, by the clock of the database, also when that clock is set while nodes run. */
import { LEASE_TTL_MS } from '@trunkline/core';

const TTL = `interval '${LEASE_TTL_MS} milliseconds'`;

/** Refreshes the heartbeat of node $1. After a pause, or a jump of the clock, the node is new to the time. */
export const BEAT = `
  update nodes set heartbeat_at = clock_timestamp(), steady_since =
    case when clock_timestamp() - heartbeat_at between interval '0' and ${TTL} then steady_since else clock_timestamp() end
  where node_id = $1`;

/** A heartbeat from the future was written before the clock was set back, so it proves nothing. */
export const isAlive = (node: string): string =>
  `${node}.heartbeat_at between clock_timestamp() - ${TTL} and clock_timestamp() + interval '5 seconds'`;

/**
 * Whether a node may judge others dead. When the clock jumps, all heartbeats look old (or too young) at once; whoever
 * notices it in its own has to wait until every living node has had the time to send another.
 */
export const isSteady = (node: string): string => `${node}.steady_since <= clock_timestamp() - ${TTL}`;
