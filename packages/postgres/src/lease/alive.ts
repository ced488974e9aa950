import { LEASE_TTL_MS } from '@trunkline/core';

/** SQL: the node `n` lives as long as its heartbeat is younger than the lease time, by database time. */
export const ALIVE = `n.heartbeat_at > clock_timestamp() - interval '${LEASE_TTL_MS} milliseconds'`;
