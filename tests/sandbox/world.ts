/** One sandbox network for one test file, with people, phones and foreign clients in it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from '@trunkline/simulator';
import { afterAll, beforeAll, expect } from 'vitest';
import type {
  ClientDriver,
  ClientOptions,
  ForeignClient,
  NetworkAddress,
  StoredState,
} from './clients/foreign-client.js';
import { type Handset, type HandsetMessage, SandboxControl } from './control.js';
import { until } from './until.js';

type Sandbox = Awaited<ReturnType<typeof startSandbox>>;
type SandboxOptions = NonNullable<Parameters<typeof startSandbox>[0]>;

export interface Linked {
  readonly number: string;
  readonly handset: Handset;
  readonly client: ForeignClient;
}

export interface WorldOptions {
  readonly sandbox?: Partial<SandboxOptions>;
  /** Set where a test breaks the protocol on purpose. */
  readonly expectsFaultyClients?: true;
}

export class World {
  #sandbox: Sandbox | undefined;
  #control: SandboxControl | undefined;
  #directory: string | undefined;
  #people = 0;
  #tags = 0;
  readonly #clients: ForeignClient[] = [];

  constructor(private readonly options: WorldOptions = {}) {}

  get control(): SandboxControl {
    if (this.#control === undefined) throw new Error('the world has not started');
    return this.#control;
  }

  get network(): NetworkAddress {
    if (this.#sandbox === undefined) throw new Error('the world has not started');
    return this.#sandbox.network;
  }

  async start(): Promise<void> {
    this.#directory = await mkdtemp(join(tmpdir(), 'sandbox-suite-'));
    this.#sandbox = await startSandbox({
      ...this.options.sandbox,
      journalPath: join(this.#directory, 'world.journal'),
    });
    this.#control = new SandboxControl(this.#sandbox.control);
  }

  /** Stops the network as a whole and starts it again at the same address from what it had written down. */
  async restart(): Promise<void> {
    const { network, control } = this.#sandbox ?? {};
    if (network === undefined || control === undefined || this.#directory === undefined) throw new Error('not started');
    await this.#sandbox?.stop();
    this.#sandbox = await startSandbox({
      ...this.options.sandbox,
      journalPath: join(this.#directory, 'world.journal'),
      port: Number(new URL(network.url).port),
      controlPort: Number(new URL(control.url).port),
      controlSecret: control.secret,
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close().catch(() => undefined)));
    const stats = await this.control.stats();
    await this.#sandbox?.stop();
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true });
    if (this.options.expectsFaultyClients) return;
    expect(stats.unknown, 'stanzas the sandbox does not know').toEqual([]);
    expect(stats.violations.last, 'a foreign client broke the protocol').toBeNull();
  }

  /** A virtual handset with a number nobody else has. */
  async person(name: string): Promise<Handset> {
    this.#people += 1;
    return this.control.createHandset(`9198200${String(this.#people).padStart(5, '0')}`, { name });
  }

  /** Waits for a text on a handset and returns the message. */
  handsetReceives(number: string, text: string): Promise<HandsetMessage> {
    return until(`handset ${number} to show “${text}”`, async () => {
      const messages = await this.control.messages(number);
      return messages.find((message) => message.text === text);
    });
  }

  /** Waits until a handset shows this status for a message it wrote. */
  async handsetShows(number: string, id: string, status: string): Promise<void> {
    await until(`handset ${number} to show ${id} as ${status}`, async () => {
      const messages = await this.control.messages(number);
      return messages.find((message) => message.id === id)?.status === status;
    });
  }

  fresh(driver: ClientDriver, options?: ClientOptions): ForeignClient {
    return this.#keep(driver.fresh(this.#taggedNetwork(), options));
  }

  reopen(driver: ClientDriver, state: StoredState, options?: ClientOptions): ForeignClient {
    return this.#keep(driver.reopen(this.#taggedNetwork(), state, options));
  }

  /** A person whose account has one client linked by QR and online. */
  async linked(driver: ClientDriver, name: string): Promise<Linked> {
    const handset = await this.person(name);
    return { number: handset.number, handset, client: await this.link(driver, handset.number) };
  }

  /** Links one more client to an account by QR and waits until it is online. */
  async link(driver: ClientDriver, number: string, options?: ClientOptions): Promise<ForeignClient> {
    const client = this.fresh(driver, options);
    await client.connect();
    const qrCode = await until('a QR code', () => client.qrCodes.at(-1));
    await this.control.scan(number, qrCode);
    await online(client);
    return client;
  }

  /** A name in the address tells the network whose upgrade it is to refuse, before anybody has logged in. */
  #taggedNetwork(): NetworkAddress {
    const url = new URL(this.network.url);
    url.searchParams.set('org', this.control.orgId);
    url.searchParams.set('tag', `client-${++this.#tags}`);
    return { ...this.network, url: url.href };
  }

  #keep(client: ForeignClient): ForeignClient {
    this.#clients.push(client);
    return client;
  }
}

/** Waits until the client has logged in that many times and got everything that waited. */
export async function online(client: ForeignClient, logins = 1): Promise<void> {
  const reached = () => client.logins >= logins;
  await until(`${client.library} to be online (login ${logins})`, () => reached() || client.ending);
  if (!reached()) throw new Error(`${client.library} ended instead of coming online: ${client.ending}`);
}

/** Waits for how the client's connection ended for good. */
export function ended(client: ForeignClient): Promise<string> {
  return until(`${client.library} to end`, () => client.ending);
}

/** Waits for a text and returns the message. */
export function arrives(client: ForeignClient, text: string) {
  return until(`${client.library} to receive “${text}”`, () =>
    client.messages.find((message) => message.text === text),
  );
}

/** Registers a world for the tests of one file. */
export function sandboxWorld(options?: WorldOptions): World {
  const world = new World(options);
  beforeAll(() => world.start());
  afterAll(() => world.stop());
  return world;
}
