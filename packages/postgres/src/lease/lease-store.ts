/** `LeaseStore` on PostgreSQL. All time is database time, so skewed hosts agree on who is alive. */
import type { Lease, LeaseStore, Network, Node } from '@trunkline/core';
import type { Sql } from '../sql/sql.js';
import type { Wake } from '../wake/wake.js';

import { BEAT, isAlive, isSteady } from './node-life.js';

const FORGOTTEN = `heartbeat_at < clock_timestamp() - interval '1 day'`;

/** Phones that a node must hold, or whose owner has something to do; with their lease, and its owner `o` if there is one. */
const WANTING = `
  from phones p join phone_leases l on l.phone_id = p.phone_id left join nodes o on o.node_id = l.node_id
  where p.network = $1
    and (p.needs_owner and p.wanted = 'running' and p.deleted_at is null
      or exists (select from phone_commands c where c.phone_id = p.phone_id))`;

// `locked` compares with the epoch that was seen when the owner was judged dead: a lease that another node took in the
// meantime is passed over even though its new owner is younger than our snapshot. Rows that others are taking are skipped.
const CLAIM = {
  name: 'lease-claim',
  text: `
    with me as materialized (
      select ${isSteady('n')} as steady from nodes n where n.node_id = $2 and not n.draining and ${isAlive('n')}
    ), wanting as materialized (
      select p.phone_id, p.org_id, l.epoch ${WANTING}
        and exists (select from me where o.node_id is null or me.steady and not (${isAlive('o')}))
    ), locked as (
      select l.phone_id, w.org_id from phone_leases l join wanting w on w.phone_id = l.phone_id and w.epoch = l.epoch
      limit $3 for update of l skip locked
    )
    update phone_leases l set node_id = $2, epoch = l.epoch + 1 from locked k where l.phone_id = k.phone_id
    returning l.phone_id as "phoneId", k.org_id as "orgId", l.node_id as "nodeId", l.epoch`,
};

const NODE_COLUMNS = 'n.node_id as "nodeId", n.address, n.network, n.host_id as "hostId", n.pid';

export class PostgresLeaseStore implements LeaseStore {
  constructor(
    private readonly sql: Sql,
    private readonly wake: Wake,
  ) {}

  async registerNode(node: Node): Promise<void> {
    await this.sql.rows(
      `with forgotten as (delete from nodes where ${FORGOTTEN} and node_id <> $1)
       insert into nodes (node_id, address, network, host_id, pid) values ($1, $2, $3, $4, $5)
       on conflict (node_id) do update set address = excluded.address, network = excluded.network,
         host_id = excluded.host_id, pid = excluded.pid, draining = false,
         heartbeat_at = clock_timestamp(), steady_since = clock_timestamp()`,
      [node.nodeId, node.address, node.network, node.hostId, node.pid],
    );
  }

  async heartbeat(nodeId: string): Promise<boolean> {
    const rows = await this.sql.rows(`${BEAT} returning node_id`, [nodeId]);
    return rows.length > 0;
  }

  async removeNode(nodeId: string): Promise<void> {
    await this.sql.rows('delete from nodes where node_id = $1', [nodeId]);
    this.wake('phones');
  }

  liveNodes(network?: Network): Promise<(Node & { phones: number; draining: boolean })[]> {
    return this.sql.rows(
      `select ${NODE_COLUMNS}, n.draining,
         (select count(*) from phone_leases l where l.node_id = n.node_id) as phones
       from nodes n where ${isAlive('n')} and ($1::text is null or n.network = $1) order by n.started_at, n.node_id`,
      [network ?? null],
    );
  }

  heartbeats(): Promise<{ nodeId: string; mark: string }[]> {
    return this.sql.rows('select node_id as "nodeId", heartbeat_at::text as mark from nodes', []);
  }

  nodesOfHost(hostId: string): Promise<Node[]> {
    return this.sql.rows(`select ${NODE_COLUMNS} from nodes n where n.host_id = $1 order by n.started_at, n.node_id`, [
      hostId,
    ]);
  }

  async markDraining(nodeId: string): Promise<void> {
    await this.sql.rows('update nodes set draining = true where node_id = $1', [nodeId]);
  }

  claim(nodeId: string, network: Network, limit: number): Promise<Lease[]> {
    return this.sql.rows<Lease>(CLAIM, [network, nodeId, limit]);
  }

  held(nodeId: string): Promise<Lease[]> {
    return this.sql.rows<Lease>(
      `select l.phone_id as "phoneId", p.org_id as "orgId", l.node_id as "nodeId", l.epoch
       from phone_leases l join phones p on p.phone_id = l.phone_id where l.node_id = $1 order by l.phone_id`,
      [nodeId],
    );
  }

  async release(leases: readonly Lease[]): Promise<void> {
    if (leases.length === 0) return;
    await this.sql.rows(
      `with mine as (
         select l.phone_id from phone_leases l
         join unnest($1::text[], $2::uuid[], $3::bigint[]) as g (phone_id, node_id, epoch)
           on l.phone_id = g.phone_id and l.node_id = g.node_id and l.epoch = g.epoch
         order by l.phone_id for update of l
       )
       update phone_leases l set node_id = null from mine where l.phone_id = mine.phone_id`,
      [leases.map((lease) => lease.phoneId), leases.map((lease) => lease.nodeId), leases.map((lease) => lease.epoch)],
    );
    this.wake('phones');
  }

  async ownerOf(phoneId: string): Promise<{ nodeId: string; address: string; epoch: number } | null> {
    const [row] = await this.sql.rows<{ nodeId: string; address: string; epoch: number }>(
      {
        name: 'lease-owner',
        text: `select n.node_id as "nodeId", n.address, l.epoch
          from phone_leases l join nodes n on n.node_id = l.node_id where l.phone_id = $1 and ${isAlive('n')}`,
      },
      [phoneId],
    );
    return row ?? null;
  }

  async unowned(network: Network): Promise<number> {
    const [row] = await this.sql.rows<{ phones: number }>(
      `select count(*) as phones ${WANTING} and (o.node_id is null or not (${isAlive('o')}))`,
      [network],
    );
    return row?.phones ?? 0;
  }
}
