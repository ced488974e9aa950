import type {
  Clock,
  EventLog,
  LeaseStore,
  Log,
  Network,
  ObjectStorage,
  OrgStore,
  OwnerCalls,
  PhoneStore,
} from '@trunkline/core';
import type { Config } from '../config/config.js';
import type { Egress } from '../egress/egress-client.js';
import type { Metrics } from '../observe/metrics.js';

/** All that the HTTP and socket side needs from the rest of the program. */
export interface HttpDeps {
  readonly config: Pick<Config, 'http' | 'phones' | 'sandbox' | 'dataDir'>;
  readonly phones: PhoneStore;
  readonly orgs: OrgStore;
  readonly leases: LeaseStore;
  readonly events: EventLog;
  readonly storage: ObjectStorage;
  readonly egress: Egress;
  readonly ask: OwnerCalls;
  /** Null when no sandbox can be controlled from here. */
  readonly sandbox: SandboxProxy | null;
  /** Rejects while the server cannot do its work. */
  readonly ready: () => Promise<void>;
  /** Starts workers of the network when this host has none. */
  readonly ensureWorkers: (network: Network) => void;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Control calls of an organisation to the sandbox network. */
export interface SandboxProxy {
  /** `path` with its prefix and query. The body of the answer is null when there is none. */
  forward(call: { orgId: string; method: string; path: string; body?: unknown }): Promise<{
    status: number;
    body: unknown;
  }>;
}
