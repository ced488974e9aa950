import { readFileSync } from 'node:fs';
import type { Clock, Log, Network } from '@trunkline/core';
import type { Config } from './config/config.js';
import { createEgress } from './egress/egress-client.js';
import { buildHttp } from './http/build-http.js';
import type { HttpDeps } from './http/http-deps.js';
import { createMetrics } from './observe/metrics.js';
import type { OpenData } from './open-data.js';
import { presentPhone } from './present/phone.js';
import { SandboxControl } from './sandbox/sandbox-control.js';
import { SandboxProcess } from './sandbox/sandbox-process.js';
import { sandboxJournal } from './sandbox/serve-sandbox.js';
import { attachSocket } from './socket/attach-socket.js';
import { openStorage } from './storage/open-storage.js';
import { AbandonedPhones } from './supervise/abandoned-phones.js';
import { Tidying } from './supervise/tidying.js';
import { type SandboxAddress, WorkerFleet } from './supervise/worker-fleet.js';
import { ownerClient } from './worker/owner-client.js';
import { clusterSecret } from './worker/signed-call.js';

const NETWORKS: readonly Network[] = ['live', 'sandbox'];
const LOOK_FOR_PHONES_MS = 2_000;

const CONNECT_LIMITS = {
  live: { inFlight: 4, perSecond: 10 },
  sandbox: { inFlight: 16, perSecond: null },
} as const;

export interface Wired {
  /** Resolves to the address it serves, null for a role without HTTP. */
  start(): Promise<string | null>;
  stop(): Promise<void>;
}

/** The only place that connects the parts. */
export function wire(options: {
  config: Config;
  data: OpenData;
  masterKey: Uint8Array;
  clock: Clock;
  log: Log;
}): Wired {
  const { config, data, masterKey, clock, log } = options;
  const { db } = data;
  const metrics = createMetrics();
  const abandoned = new AbandonedPhones({
    phones: db.phones,
    leases: db.leases,
    present: (phone) => presentPhone(phone, config.http.publicUrl),
    clock,
    log,
  });
  const tidying = new Tidying({ tidy: () => db.tidy(), clock, log });
  const sandbox = ownSandbox();
  const fleet = config.role === 'api' ? null : workerFleet();
  let looking: NodeJS.Timeout | null = null;
  let closeHttp: (() => Promise<void>) | null = null;

  return {
    async start() {
      if (fleet !== null) void look(fleet);
      // Before anybody can ask: what the stored states promise may have died with an earlier run.
      await abandoned.look();
      abandoned.start();
      tidying.start();
      if (fleet !== null) {
        looking = setInterval(() => void look(fleet), LOOK_FOR_PHONES_MS);
      }
      return config.role === 'worker' ? null : startHttp();
    },
    async stop() {
      if (looking !== null) clearInterval(looking);
      await closeHttp?.();
      await fleet?.stop();
      await abandoned.stop();
      await tidying.stop();
      await sandbox?.stop();
    },
  };

  async function startHttp(): Promise<string> {
    const deps: HttpDeps = {
      config,
      phones: db.phones,
      orgs: db.orgs,
      leases: db.leases,
      events: db.events,
      storage: openStorage(config.storage),
      egress: createEgress({ allow: config.egress.allow }),
      ask: ownerClient(db.leases, clusterSecret(masterKey)),
      sandbox: sandbox === null ? null : new SandboxControl(() => sandbox.use()),
      ready: async () => {
        await db.ping();
      },
      ensureWorkers: (network) => fleet?.ensure(network),
      clock,
      metrics,
      log,
    };
    const app = await buildHttp(deps);
    await app.ready();
    const socket = await attachSocket(app, deps);
    closeHttp = async () => {
      await socket.close();
      await app.close();
    };
    return app.listen({ host: config.http.host, port: config.http.port });
  }

  /** Workers start when the first phone of their network needs one, also when another API node made it. */
  async function look(workers: WorkerFleet): Promise<void> {
    for (const network of NETWORKS) {
      try {
        const isWanted = (await db.leases.unowned(network)) > 0;
        // Where other nodes run phones, this one takes its share.
        if (isWanted || (await db.leases.liveNodes(network)).length > 0) workers.ensure(network);
      } catch (error) {
        log.debug('could not look for phones without a worker', { err: error });
      }
    }
  }

  function ownSandbox(): SandboxProcess | null {
    if (!config.sandbox.enabled || config.sandbox.elsewhere !== null || config.role === 'worker') return null;
    return new SandboxProcess({ journalPath: sandboxJournal(config.dataDir), clock, log });
  }

  /** Null when no sandbox phone may run here. */
  function sandboxAddress(): (() => Promise<SandboxAddress>) | null {
    const { elsewhere } = config.sandbox;
    if (elsewhere !== null) {
      const ca = elsewhere.caPath === null ? '' : readFileSync(elsewhere.caPath, 'utf8');
      return async () => ({ url: elsewhere.url, root: elsewhere.rootBase64, ca });
    }
    return sandbox === null ? null : async () => (await sandbox.use()).network;
  }

  function workerFleet(): WorkerFleet {
    return new WorkerFleet({
      init: {
        nodeHost: config.node.host,
        databaseUrl: data.url,
        masterKeyBase64: Buffer.from(masterKey).toString('base64'),
        publicUrl: config.http.publicUrl,
        logLevel: config.logLevel,
        webVersion: config.phones.webVersion,
        storage: config.storage,
      },
      limits: CONNECT_LIMITS,
      dataDir: config.dataDir,
      sandbox: sandboxAddress(),
      leases: db.leases,
      onGone: () => void abandoned.look(),
      onReport: (network, worker, report) => metrics.takeReport(network, worker, report),
      clock,
      log,
    });
  }
}
