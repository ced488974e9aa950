/** People and phones that tests of the stores need, made through the stores themselves. */
import { randomUUID } from 'node:crypto';
import type { Lease, Network, Node, Phone, PhoneState } from '@trunkline/core';
import type { Database } from '../open-database.js';

export const STARTING: PhoneState = {
  name: 'starting',
  purpose: 'pair',
  next: null,
  cause: null,
  retryAt: null,
  failures: 0,
  since: 1,
  askedAt: 1,
};
export const ONLINE: PhoneState = { name: 'online', failures: 0, since: 2 };
export const OFF: PhoneState = { name: 'off', cause: 'stopped', since: 3 };

export async function makeOrg(db: Database, name = 'Acme'): Promise<string> {
  return (await db.orgs.createOrganisation(name)).orgId;
}

/** A phone that wants an owner. */
export function makePhone(
  db: Database,
  orgId: string,
  more: { network?: Network; state?: PhoneState } = {},
): Promise<Phone> {
  return db.phones.create({
    orgId,
    phoneId: `phone-${randomUUID()}`,
    network: more.network ?? 'sandbox',
    state: more.state ?? STARTING,
    labels: [],
    name: null,
    events: () => [],
  });
}

/** A registered node. */
export async function makeNode(db: Database, network: Network = 'sandbox'): Promise<Node> {
  const node: Node = {
    nodeId: randomUUID(),
    address: 'http://127.0.0.1:1',
    network,
    hostId: randomUUID(),
    pid: process.pid,
  };
  await db.leases.registerNode(node);
  return node;
}

/** A fresh node that has taken this phone. The phone must be the only one of its database that wants an owner. */
export async function takePhone(db: Database, phone: Phone): Promise<Lease> {
  const node = await makeNode(db, phone.network);
  const leases = await db.leases.claim(node.nodeId, phone.network, 1_000);
  const lease = leases.find(({ phoneId }) => phoneId === phone.phoneId);
  if (lease === undefined) throw new Error(`${phone.phoneId} could not be taken`);
  return lease;
}

/** Hands the phone of a lease to another node, as happens when the first one is declared dead. */
export async function takeOver(db: Database, lease: Lease): Promise<Lease> {
  await db.leases.removeNode(lease.nodeId);
  const phone = await db.phones.find(lease.orgId, lease.phoneId);
  if (phone === null) throw new Error(`${lease.phoneId} is unknown`);
  return takePhone(db, phone);
}
