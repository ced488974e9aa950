import {
  ConnectLimiter,
  FleetBreaker,
  HEARTBEAT_EVERY_MS,
  type Lease,
  type Node,
  PhoneSession,
  PhoneSupervisor,
  type SessionDeps,
  systemClock,
} from '@trunkline/core';
import { openDatabase, startHeartbeat } from '@trunkline/postgres';
import { phoneImages } from '../images/phone-images.js';
import { createLog } from '../observe/log.js';
import { presentPhone } from '../present/phone.js';
import { openStorage } from '../storage/open-storage.js';
import type { ChildSide } from '../supervise/child-side.js';
import { crashAt } from './crash-points.js';
import { openEngine } from './open-engine.js';
import { startOwnerServer } from './owner-server.js';
import { clusterSecret } from './signed-call.js';
import type { WorkerInit, WorkerReady } from './worker-init.js';
import { WorkerReports } from './worker-reports.js';

const POOL_SIZE = 6;
const STATEMENT_LIMIT_MS = 15_000;

/** One node: holds leases, runs phones, answers calls for them, and leaves without anybody noticing. */
export async function runWorker(side: ChildSide<WorkerInit, WorkerReady>): Promise<void> {
  const { init } = side;
  const log = createLog({ level: init.logLevel }).child({ node_id: init.nodeId, network: init.network });
  // The library leaves some awaits without a catch; none of them may end the phones of everybody else.
  process.on('unhandledRejection', (error) => log.error('unhandled rejection', { err: error }));

  const masterKey = Buffer.from(init.masterKeyBase64, 'base64');
  const db = await openDatabase({
    url: init.databaseUrl,
    masterKey,
    poolSize: POOL_SIZE,
    applicationName: `trunkline worker ${init.network}`,
    statementTimeoutMs: STATEMENT_LIMIT_MS,
    log,
  });
  const reports = new WorkerReports(side);
  const owner = await startOwnerServer({
    host: init.nodeHost,
    nodeId: init.nodeId,
    secret: clusterSecret(masterKey),
    session: (phoneId) => supervisor.session(phoneId),
    log,
  });
  const address = `http://${init.nodeHost.includes(':') ? `[${init.nodeHost}]` : init.nodeHost}:${owner.port}`;
  const node: Node = {
    nodeId: init.nodeId,
    network: init.network,
    hostId: init.hostId,
    pid: process.pid,
    address,
  };
  await db.leases.registerNode(node);
  const heartbeat = await startHeartbeat({
    url: init.databaseUrl,
    nodeId: node.nodeId,
    everyMs: HEARTBEAT_EVERY_MS,
    statementTimeoutMs: HEARTBEAT_EVERY_MS / 2,
    log,
    onGone: () => {
      log.error('this node was declared dead by others; ending');
      void stop('orphaned');
    },
  });
  const store = db.owned(node.nodeId);
  const images = phoneImages(openStorage(init.storage));
  const limiter = new ConnectLimiter(systemClock, init.limits);
  const breaker = new FleetBreaker({ limiter, clock: systemClock, log, phones: () => supervisor.size });
  const shared = {
    store,
    engine: openEngine(init, log),
    limiter,
    clock: systemClock,
    log,
    random: Math.random,
    present: (phone) => presentPhone(phone, init.publicUrl),
    mayWrite: () => heartbeat.lastConfirmedAgoMs() < HEARTBEAT_EVERY_MS * 2.5,
    keepImage: (phone, image) => images.keep(phone, image),
    audit: (lease, action, detail) =>
      db.orgs.audit({ orgId: lease.orgId, actor: 'system', action, subject: lease.phoneId, detail }),
    onTransition: (before, done, lease) => {
      reports.count(done);
      breaker.hear(lease.phoneId, before, done);
    },
    recycleWorker: () => void stop('orphaned'),
    crash: crashAt,
  } satisfies Omit<SessionDeps, 'onRest' | 'onLeaseLost'>;
  const supervisor = new PhoneSupervisor({
    node,
    leases: db.leases,
    store,
    heartbeatAgoMs: () => heartbeat.lastConfirmedAgoMs(),
    openSession: (lease: Lease, hooks) => new PhoneSession(lease, { ...shared, ...hooks }),
    clock: systemClock,
    log,
  });

  let stopped: Promise<void> | null = null;
  const stop = (why: string): Promise<void> => {
    stopped ??= (async () => {
      log.info('worker stops', { why, phones: supervisor.size });
      reports.stop();
      breaker.stop();
      await supervisor.stop();
      await heartbeat.stop();
      await owner.close();
      await db.close();
      process.exit(0);
    })();
    return stopped;
  };
  side.onStop((why) => void stop(why));
  supervisor.start();
  reports.start(() => supervisor.size);
  side.ready({ pid: process.pid, address });
  log.info('worker runs', { address });
}
