import type { ConnectLimits, Network } from '@trunkline/core';
import type { StorageConfig } from '../config/storage-config.js';

/** All that a worker process needs, sent over the private channel because it holds secrets. */
export interface WorkerInit {
  readonly nodeId: string;
  readonly network: Network;
  readonly hostId: string;
  /** Where the worker listens for interactive calls; other nodes must reach it. */
  readonly nodeHost: string;
  readonly databaseUrl: string;
  readonly masterKeyBase64: string;
  readonly publicUrl: string;
  readonly logLevel: string;
  readonly limits: ConnectLimits;
  readonly webVersion: readonly [number, number, number] | null;
  readonly storage: StorageConfig;
  /** Set exactly for the sandbox network. */
  readonly sandbox: { readonly url: string; readonly rootBase64: string } | null;
}

export interface WorkerReady {
  readonly pid: number;
  readonly address: string;
}

/** What a worker tells its supervisor every few seconds. */
export interface WorkerReport {
  readonly kind: 'report';
  readonly phones: number;
  /** 99th percentile of the event-loop delay since the last report. */
  readonly loopDelayP99Ms: number;
  readonly rssBytes: number;
  /** Ends of sessions since the last report, by cause. */
  readonly ended: Readonly<Record<string, number>>;
}
