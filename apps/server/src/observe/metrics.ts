import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Network } from '@trunkline/core';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What a worker tells about itself every few seconds. */
export interface WorkerFigures {
  readonly phones: number;
  readonly loopDelayP99Ms: number;
  readonly rssBytes: number;
  /** Ends of sessions since the last report, by cause. */
  readonly ended: Readonly<Record<string, number>>;
}

/** What is counted when somebody asks. */
export interface MetricSources {
  readonly phonesByState: () => Promise<{ network: Network; state: string; phones: number }[]>;
  readonly liveNodes: () => Promise<{ network: Network; phones: number }[]>;
  readonly unowned: (network: Network) => Promise<number>;
}

const NETWORKS: readonly Network[] = ['live', 'sandbox'];
const LOOP_SAMPLE_MS = 20;

/** The metrics of this process and of its workers. Every label has few values: names of states, causes, routes, workers. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_SAMPLE_MS });
  readonly #ends: Counter;
  readonly #requests: Counter;
  readonly #seconds: Histogram;
  readonly #sockets: Gauge;
  readonly #socketEvents: Counter;
  readonly #workers: { readonly phones: Gauge; readonly loop: Gauge; readonly rss: Gauge };

  constructor() {
    const registers = [this.#registry];
    this.#ends = new Counter({
      name: 'trunkline_session_ends_total',
      help: 'Ended WhatsApp sessions by cause; each is followed by a reconnect unless the cause is final',
      labelNames: ['network', 'cause'],
      registers,
    });
    this.#requests = new Counter({
      name: 'trunkline_http_requests_total',
      help: 'Answered HTTP requests',
      labelNames: ['route', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'trunkline_http_request_seconds',
      help: 'Time to answer an HTTP request',
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    });
    this.#sockets = gauge(registers, 'trunkline_sockets', 'Connected event sockets');
    this.#socketEvents = new Counter({
      name: 'trunkline_socket_events_total',
      help: 'Events read from the log for sockets',
      registers,
    });
    this.#workers = {
      phones: gauge(registers, 'trunkline_worker_phones', 'Phones that a worker runs', ['worker']),
      loop: gauge(registers, 'trunkline_worker_loop_delay_p99_seconds', 'Event-loop delay of a worker', ['worker']),
      rss: gauge(registers, 'trunkline_worker_resident_bytes', 'Resident memory of a worker', ['worker']),
    };
    this.#addProcess(registers);
  }

  /** Adds what the database knows. Once per process. */
  watchDatabase(sources: MetricSources): void {
    addDatabase([this.#registry], sources);
  }

  /** Must be called for samples of the event loop; stopped by `stop`. */
  start(): void {
    this.#loop.enable();
  }

  stop(): void {
    this.#loop.disable();
  }

  takeReport(network: Network, worker: string, figures: WorkerFigures): void {
    this.#workers.phones.set({ worker }, figures.phones);
    this.#workers.loop.set({ worker }, figures.loopDelayP99Ms / 1_000);
    this.#workers.rss.set({ worker }, figures.rssBytes);
    for (const [cause, times] of Object.entries(figures.ended)) this.#ends.inc({ network, cause }, times);
  }

  requestAnswered(route: string, status: number, seconds: number): void {
    this.#requests.inc({ route, status: String(status) });
    this.#seconds.observe(seconds);
  }

  socketsConnected(count: number): void {
    this.#sockets.set(count);
  }

  socketEventsRead(count: number): void {
    this.#socketEvents.inc(count);
  }

  /** A queue of this process whose length is worth watching. */
  queue(name: string, length: () => number): void {
    const queue: Gauge = new Gauge({
      name: `trunkline_queue_${name}`,
      help: `Waiting in the queue ${name}`,
      registers: [this.#registry],
      collect: () => queue.set(length()),
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }

  #addProcess(registers: Registry[]): void {
    const loop: Gauge = new Gauge({
      name: 'trunkline_loop_delay_p99_seconds',
      help: 'Event-loop delay of the main process since the last look',
      registers,
      collect: () => {
        const seconds = this.#loop.percentile(99) / 1e9;
        this.#loop.reset();
        loop.set(Number.isFinite(seconds) ? seconds : 0);
      },
    });
    const rss: Gauge = new Gauge({
      name: 'trunkline_resident_bytes',
      help: 'Resident memory of the main process',
      registers,
      collect: () => rss.set(process.memoryUsage.rss()),
    });
  }
}

export function createMetrics(): Metrics {
  return new Metrics();
}

function addDatabase(registers: Registry[], sources: MetricSources): void {
  const phones: Gauge = new Gauge({
    name: 'trunkline_phones',
    help: 'Phones by network and state',
    labelNames: ['network', 'state'],
    registers,
    collect: async () => {
      const rows = await sources.phonesByState();
      phones.reset();
      for (const row of rows) phones.set({ network: row.network, state: row.state }, row.phones);
    },
  });
  const nodes: Gauge = new Gauge({
    name: 'trunkline_nodes',
    help: 'Live worker nodes by network',
    labelNames: ['network'],
    registers,
    collect: async () => {
      const live = await sources.liveNodes();
      for (const network of NETWORKS) nodes.set({ network }, live.filter((node) => node.network === network).length);
    },
  });
  const unowned: Gauge = new Gauge({
    name: 'trunkline_phones_without_worker',
    help: 'Phones that should run and that no worker has',
    labelNames: ['network'],
    registers,
    collect: async () => {
      for (const network of NETWORKS) unowned.set({ network }, await sources.unowned(network));
    },
  });
}

function gauge(registers: Registry[], name: string, help: string, labelNames: string[] = []): Gauge {
  return new Gauge({ name, help, labelNames, registers });
}
