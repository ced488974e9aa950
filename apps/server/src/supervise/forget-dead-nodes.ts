import type { LeaseStore, Log } from '@trunkline/core';
import { hostId, isWorkerAlive } from './host-id.js';

/**
 * After a crash of everything the rows of our old workers still look alive for a while. Those of this host whose process
 * is provably gone are removed, so that their phones come back at once.
 */
export async function forgetDeadNodes(leases: LeaseStore, log: Log): Promise<void> {
  for (const node of await leases.nodesOfHost(hostId())) {
    if (isWorkerAlive(node.pid)) continue;
    log.info('worker of an earlier run is gone', { node_id: node.nodeId, pid: node.pid });
    await leases.removeNode(node.nodeId);
  }
}
