import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Clock, LeaseStore, Log, Network } from '@trunkline/core';
import type { WorkerInit, WorkerReady, WorkerReport } from '../worker/worker-init.js';
import { SupervisedChild } from './child-process.js';
import { hostId } from './host-id.js';

const NOTHING: WorkerReport = { kind: 'report', phones: 0, loopDelayP99Ms: 0, rssBytes: 0, ended: {} };

export interface SandboxAddress {
  readonly url: string;
  readonly root: string;
  readonly ca: string;
}

export interface FleetOptions {
  /** What every worker of this installation gets. */
  readonly init: Omit<WorkerInit, 'nodeId' | 'network' | 'hostId' | 'limits' | 'sandbox'>;
  readonly limits: Readonly<Record<Network, WorkerInit['limits']>>;
  readonly dataDir: string;
  /** Starts the sandbox when needed; null when this process may not run sandbox phones. */
  readonly sandbox: (() => Promise<SandboxAddress>) | null;
  readonly leases: LeaseStore;
  /** A worker ended and its phones are in nobody's hands. */
  readonly onGone: () => void;
  readonly onReport: (network: Network, worker: string, report: WorkerReport) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** The worker processes of this host, by network, started when the first phone of the network needs one. */
export class WorkerFleet {
  readonly #options: FleetOptions;
  readonly #workers = new Map<Network, SupervisedChild<WorkerInit, WorkerReady>[]>();
  #stopping = false;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Makes sure that workers of the network run, or are being started. */
  ensure(network: Network): void {
    if (this.#stopping || this.#workers.has(network)) return;
    if (network === 'sandbox' && this.#options.sandbox === null) return;
    const count = network === 'live' ? Math.max(1, availableParallelism() - 1) : 1;
    const workers = Array.from({ length: count }, (_, index) => this.#worker(network, `${network}-${index + 1}`));
    this.#workers.set(network, workers);
    for (const worker of workers) worker.start();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#workers.values()].flat().map((worker) => worker.stop()));
  }

  #worker(network: Network, name: string): SupervisedChild<WorkerInit, WorkerReady> {
    const { clock, leases, log } = this.#options;
    let nodeId = '';
    return new SupervisedChild<WorkerInit, WorkerReady>({
      name: `worker ${name}`,
      module: new URL(
        import.meta.url.endsWith('.ts') ? '../worker/worker-main.ts' : '../worker/worker-main.js',
        import.meta.url,
      ),
      env: network === 'sandbox' ? { NODE_EXTRA_CA_CERTS: this.#caPath } : {},
      before: async () => {
        // Only the first start has to wait for the sandbox: it keeps its certificate.
        if (network === 'sandbox' && !existsSync(this.#caPath)) await this.#sandbox(network);
      },
      init: async () => {
        nodeId = randomUUID();
        return this.#init(network, nodeId);
      },
      onReady: () => {},
      onMessage: (message) => {
        if (isReport(message)) this.#options.onReport(network, name, message);
      },
      // The process is certainly gone, so its phones need not wait for its heartbeat to grow old.
      onExit: async () => {
        await leases.removeNode(nodeId).catch((error) => log.warn('could not remove node', { err: error }));
        // Its last report is not true any more.
        this.#options.onReport(network, name, NOTHING);
        this.#options.onGone();
      },
      clock,
      log,
    });
  }

  async #init(network: Network, nodeId: string): Promise<WorkerInit> {
    const { init, limits } = this.#options;
    return {
      ...init,
      nodeId,
      network,
      hostId: hostId(),
      limits: limits[network],
      sandbox: await this.#sandbox(network),
    };
  }

  async #sandbox(network: Network): Promise<WorkerInit['sandbox']> {
    if (network === 'live' || this.#options.sandbox === null) return null;
    const { url, root, ca } = await this.#options.sandbox();
    const isKnown = existsSync(this.#caPath);
    if (!isKnown || readFileSync(this.#caPath, 'utf8') !== ca) {
      mkdirSync(this.#options.dataDir, { recursive: true, mode: 0o711 });
      writeFileSync(this.#caPath, ca);
      // Node has read the former file already when the process started.
      if (isKnown) throw new Error('the sandbox has a new certificate; its workers start again');
    }
    return { url, rootBase64: root };
  }

  /** Node reads extra authorities from a file, once, when a process starts. */
  get #caPath(): string {
    return join(this.#options.dataDir, 'sandbox-ca.pem');
  }
}

function isReport(message: unknown): message is WorkerReport {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'report';
}
