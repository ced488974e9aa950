import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BaileysEngineOptions } from '@trunkline/engine-baileys';
import { startSandbox } from '@trunkline/simulator';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Handset, SandboxControl } from '../sandbox/control.js';
import { EnginePhone, sandboxEngine } from './engine-phone.js';

type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

/** One sandbox for one test file, with handsets and phones of ours in it. */
export class EngineWorld {
  #sandbox: Sandbox | null = null;
  #control: SandboxControl | null = null;
  #directory = '';
  #people = 0;
  readonly #phones: EnginePhone[] = [];

  constructor(
    private readonly engineOptions: Partial<BaileysEngineOptions> = {},
    private readonly expectsUnknown = false,
  ) {}

  get control(): SandboxControl {
    if (this.#control === null) throw new Error('the world has not started');
    return this.#control;
  }

  get network(): Sandbox['network'] {
    if (this.#sandbox === null) throw new Error('the world has not started');
    return this.#sandbox.network;
  }

  /** What another process needs to reach this world. */
  get address(): { network: Sandbox['network']; control: Sandbox['control']; orgId: string } {
    if (this.#sandbox === null) throw new Error('the world has not started');
    return { network: this.#sandbox.network, control: this.#sandbox.control, orgId: this.control.orgId };
  }

  /** The owner of a handset changes its profile. */
  async changeProfile(number: string, change: { name?: string; image?: string | null }): Promise<void> {
    const { control, orgId } = this.address;
    const response = await fetch(`${control.url}/sandbox/v1/handsets/${number}`, {
      method: 'PATCH',
      headers: { 'x-sandbox-secret': control.secret, 'x-org-id': orgId, 'content-type': 'application/json' },
      body: JSON.stringify(change),
    });
    if (!response.ok) throw new Error(`changing the profile answered ${response.status}: ${await response.text()}`);
  }

  async start(): Promise<void> {
    this.#directory = await mkdtemp(join(tmpdir(), 'engine-suite-'));
    this.#sandbox = await startSandbox({ journalPath: join(this.#directory, 'world.journal') });
    this.#control = new SandboxControl(this.#sandbox.control);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#phones.map(async (phone) => phone.session?.close()));
    const stats = await this.control.stats();
    await this.#sandbox?.stop();
    await rm(this.#directory, { recursive: true });
    if (!this.expectsUnknown) expect(stats.unknown, 'stanzas the sandbox does not know').toEqual([]);
    expect(stats.violations.last, 'the engine broke the protocol').toBeNull();
  }

  async person(name: string, more: { business?: boolean } = {}): Promise<Handset> {
    this.#people += 1;
    return this.control.createHandset(`9198300${String(this.#people).padStart(5, '0')}`, { name, ...more });
  }

  phone(more: Partial<BaileysEngineOptions> = {}): EnginePhone {
    const options = { ...this.engineOptions, ...more };
    const phone = new EnginePhone(sandboxEngine(this.network, this.control.orgId, options));
    this.#phones.push(phone);
    return phone;
  }

  /** A handset with a phone of ours linked and online. */
  async linked(name: string): Promise<{ handset: Handset; phone: EnginePhone }> {
    const handset = await this.person(name);
    const phone = this.phone();
    await phone.link(this.control, handset.number);
    return { handset, phone };
  }
}

export function engineWorld(options?: Partial<BaileysEngineOptions>): EngineWorld {
  const world = new EngineWorld(options);
  beforeAll(() => world.start());
  afterAll(() => world.stop());
  return world;
}
