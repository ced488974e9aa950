import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ApiKey,
  type Clock,
  Conflict,
  type EventLog,
  type KeyScope,
  type Log,
  newApiToken,
  type OrgStore,
  type OwnerCalls,
  type Phone,
  type PhoneChange,
  type PhoneNumber,
  type PhoneState,
  type PhoneStore,
  phoneEvents,
  systemClock,
} from '@trunkline/core';
import {
  createTestDatabase,
  MemoryEventLog,
  MemoryLeaseStore,
  MemoryOrgStore,
  MemoryPhoneStore,
  MemoryStorage,
} from '@trunkline/testkit';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { readConfig } from '../../apps/server/src/config/config.js';
import { createEgress } from '../../apps/server/src/egress/egress-client.js';
import { buildHttp } from '../../apps/server/src/http/build-http.js';
import type { HttpDeps, SandboxProxy } from '../../apps/server/src/http/http-deps.js';
import { phoneImages } from '../../apps/server/src/images/phone-images.js';
import { createLog } from '../../apps/server/src/observe/log.js';
import { createMetrics } from '../../apps/server/src/observe/metrics.js';
import { presentPhone } from '../../apps/server/src/present/phone.js';

export const EVERYTHING: KeyScope = { phones: null, read: true, send: true, admin: true };
export const STORES = ['memory', 'postgres'] as const;

/** An organisation with a key that may do everything. */
export interface TestOrg {
  readonly orgId: string;
  readonly token: string;
  readonly key: ApiKey;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly bytes: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back
  readonly json: any;
}

/** The HTTP side as it is wired, over stores in memory or a database, with an owner of phones that obeys at once. */
/** Half of what the rate limit allows. */
const CALLS_PER_SECOND = 50;

export class World {
  readonly app: FastifyInstance;
  readonly logLines: string[];
  /** Calls that reached the sandbox, and what it answers next. */
  readonly sandboxCalls: Parameters<SandboxProxy['forward']>[0][] = [];
  sandboxAnswer: { status: number; body: unknown } = { status: 200, body: { ok: true } };
  readonly startedWorkers: string[] = [];
  readyFailure: Error | null = null;
  readonly owner: TestOwner;
  #calls = 0;

  private constructor(
    app: FastifyInstance,
    readonly deps: HttpDeps,
    readonly stop: () => Promise<void>,
    owner: TestOwner,
    logLines: string[],
    readonly clock: TestClock,
  ) {
    this.app = app;
    this.owner = owner;
    this.logLines = logLines;
  }

  static async create(
    options: { stores?: (typeof STORES)[number]; env?: Record<string, string>; deps?: Partial<HttpDeps> } = {},
  ): Promise<World> {
    const dataDir = mkdtempSync(join(tmpdir(), 'http-'));
    const config = readConfig({ TRUNKLINE_DATA_DIR: dataDir, ...options.env });
    const stores = options.stores === 'postgres' ? await databaseStores() : memoryStores();
    const storage = new MemoryStorage();
    const logLines: string[] = [];
    const log = createLog({ level: 'debug', destination: { write: (line) => void logLines.push(line) } });
    const manual = new TestClock();
    const owner = new TestOwner(stores.phones, phoneImages(storage), config.http.publicUrl);
    let world: World | null = null;
    const deps: HttpDeps = {
      config,
      ...stores,
      leases: new MemoryLeaseStore(),
      storage,
      egress: createEgress({ allow: config.egress.allow }),
      ask: owner,
      sandbox: {
        async forward(call) {
          world?.sandboxCalls.push(call);
          return world?.sandboxAnswer ?? { status: 500, body: null };
        },
      },
      ready: async () => {
        if (world?.readyFailure) throw world.readyFailure;
      },
      ensureWorkers: (network) => void world?.startedWorkers.push(network),
      clock: manual,
      metrics: createMetrics(),
      log,
      ...options.deps,
    };
    const app = await buildHttp(deps);
    await app.ready();
    const stop = async () => {
      await app.close();
      await deps.egress.close();
      await stores.close();
      rmSync(dataDir, { recursive: true, force: true });
    };
    world = new World(app, deps, stop, owner, logLines, manual);
    return world;
  }

  async org(name = 'Org'): Promise<TestOrg> {
    const { orgId } = await this.deps.orgs.createOrganisation(name);
    return { orgId, ...(await this.key(orgId, EVERYTHING)) };
  }

  async key(
    orgId: string,
    scope: Partial<KeyScope>,
    expiresAt: Date | null = null,
  ): Promise<{ token: string; key: ApiKey }> {
    const { token, prefix, hash } = newApiToken();
    const full = { phones: null, read: false, send: false, admin: false, ...scope };
    const key = await this.deps.orgs.addKey({ orgId, name: 'test', prefix, tokenHash: hash, scope: full, expiresAt });
    return { token, key };
  }

  /** A phone of the organisation in some state, made through the API and then changed as its owner would. */
  async phone(org: TestOrg, change: PhoneChange = {}): Promise<Phone> {
    const { json } = await this.call(org, 'POST', '/v1/phones/create');
    return this.owner.change(org.orgId, json.phone_id, change);
  }

  /** A request as the bytes of a client, without a network between. */
  async call(
    caller: { token: string } | null,
    method: string,
    url: string,
    more: { phone?: string; body?: unknown; headers?: Record<string, string>; remoteAddress?: string } = {},
  ): Promise<Answer> {
    // However fast this machine is, only the test of the rate limit shall meet it.
    this.#calls += 1;
    if (this.#calls % CALLS_PER_SECOND === 0 && !this.clock.isFrozen) this.clock.pass(1_000);
    const options: InjectOptions = {
      method: method as NonNullable<InjectOptions['method']>,
      url,
      headers: {
        ...(caller && { authorization: `Bearer ${caller.token}` }),
        ...(more.phone !== undefined && { 'x-phone': more.phone }),
        ...(more.body !== undefined && { 'content-type': 'application/json' }),
        ...more.headers,
      },
      ...(more.body !== undefined && {
        payload: typeof more.body === 'string' ? more.body : JSON.stringify(more.body),
      }),
      ...(more.remoteAddress !== undefined && { remoteAddress: more.remoteAddress }),
    };
    const response = await this.app.inject(options);
    const isJson = /json/.test(String(response.headers['content-type'] ?? '')) && response.payload !== '';
    return {
      status: response.statusCode,
      headers: response.headers,
      text: response.payload,
      bytes: response.rawPayload,
      json: isJson ? JSON.parse(response.payload) : null,
    };
  }
}

/** The real time, moved on by hand. */
export class TestClock implements Clock {
  get isFrozen(): boolean {
    return this.#frozenAt !== null;
  }
  #aheadMs = 0;
  #frozenAt: number | null = null;
  /** From now on time passes by hand only. */
  freeze(): void {
    this.#frozenAt = Date.now();
  }
  pass(ms: number): void {
    this.#aheadMs += ms;
  }
  now(): number {
    return (this.#frozenAt ?? Date.now()) + this.#aheadMs;
  }
  monotonic(): number {
    return performance.now() + this.#aheadMs;
  }
  after(ms: number, run: () => void): () => void {
    return systemClock.after(ms, run);
  }
}

/** Plays the worker that runs the phones: what it is asked is done at once, on the stored phone. */
export class TestOwner implements OwnerCalls {
  /** Thrown by the next call. */
  failure: Error | null = null;
  readonly calls: string[] = [];
  lastImage: Uint8Array | null = null;

  constructor(
    private readonly phones: PhoneStore,
    private readonly images: ReturnType<typeof phoneImages>,
    private readonly publicUrl: string,
  ) {}

  async change(orgId: string, phoneId: string, change: PhoneChange): Promise<Phone> {
    this.#orgs.set(phoneId, orgId);
    const present = (phone: Phone) => presentPhone(phone, this.publicUrl);
    const phone = await this.phones.change(orgId, phoneId, () => ({
      change,
      events: (before, after) => phoneEvents(present(before), present(after)),
    }));
    if (phone === null) throw new Error(`no phone ${phoneId}`);
    return phone;
  }

  async pairingCode(phoneId: string, number: PhoneNumber): Promise<{ code: string; expiresAt: Date }> {
    this.#note(`code ${number}`);
    if (!this.#orgs.has(phoneId)) throw new Conflict('the phone is gone');
    return { code: 'K7QX2MPD', expiresAt: new Date('2025-04-12T09:18:26.668Z') };
  }

  async setProfileName(phoneId: string, name: string): Promise<void> {
    this.#note(`name ${name}`);
    await this.change(this.#orgOf(phoneId), phoneId, { name });
  }

  async setProfileImage(phoneId: string, jpeg: Uint8Array): Promise<void> {
    this.#note('image');
    this.lastImage = jpeg;
    const phone = await this.phones.find(this.#orgOf(phoneId), phoneId);
    if (phone !== null && (await this.images.keep(phone, jpeg))) {
      await this.change(phone.orgId, phoneId, { imageChangedAt: new Date() });
    }
  }

  readonly #orgs = new Map<string, string>();

  #orgOf(phoneId: string): string {
    return this.#orgs.get(phoneId) ?? '';
  }

  #note(call: string): void {
    const { failure } = this;
    this.failure = null;
    if (failure !== null) throw failure;
    this.calls.push(call);
  }
}

interface Stores {
  readonly phones: PhoneStore;
  readonly orgs: OrgStore;
  readonly events: EventLog;
  readonly close: () => Promise<void>;
}

function memoryStores(): Stores {
  const events = new MemoryEventLog();
  return { phones: new MemoryPhoneStore(events), orgs: new MemoryOrgStore(), events, close: async () => {} };
}

async function databaseStores(): Promise<Stores> {
  const database = await createTestDatabase();
  const { phones, orgs, events } = database.db;
  return { phones, orgs, events, close: () => database.drop() };
}

export const silent: Log = createLog({ level: 'silent' });

/** States as a worker leaves them. */
export const NUMBER = '918527184400' as PhoneNumber;
export const QR = `2@${'AbC/dEf+'.repeat(20)},c2lnbmF0dXJl,aWRlbnRpdHk=,c2VjcmV0`;
export const online = (): PhoneState => ({ name: 'online', failures: 0, since: Date.now() });
export const pairing = (qrCode = QR): PhoneState => ({
  name: 'pairing',
  attempt: {
    id: '1',
    method: 'qr',
    step: { kind: 'qr', qrCode, expiresAt: Date.now() + 60_000 },
    startedAt: Date.now(),
  },
  cause: null,
  failures: 0,
  since: Date.now(),
  askedAt: Date.now(),
});
export const off = (): PhoneState => ({ name: 'off', cause: 'qr_expired', since: Date.now() });
export const linked = (): PhoneChange => ({ state: online(), number: NUMBER, firstConnectedAt: new Date() });
