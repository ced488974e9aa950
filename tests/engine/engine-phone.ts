/** A phone of ours on the sandbox: the engine over a store in memory, driven as the phone session drives it. */
import { prepareProcess } from '@trunkline/engine-baileys/prepare';

prepareProcess();

import { randomUUID } from 'node:crypto';
import type {
  Engine,
  EngineClose,
  EngineFact,
  EngineSession,
  HistoryBatch,
  InboundMessage,
  Lease,
  LinkedIdentity,
  PairingVerdict,
} from '@trunkline/core';
import { type BaileysEngineOptions, createBaileysEngine } from '@trunkline/engine-baileys';
import { MemorySessionStore, silentLog } from '@trunkline/testkit';
import type { SandboxControl } from '../sandbox/control.js';
import { until } from '../sandbox/until.js';

type FactOf<K extends EngineFact['kind']> = Extract<EngineFact, { kind: K }>;

export interface SandboxNetwork {
  readonly url: string;
  readonly root: string;
}

/** An engine that connects to this network on behalf of an organisation. */
export function sandboxEngine(
  network: SandboxNetwork,
  orgId: string,
  more: Partial<BaileysEngineOptions> = {},
): Engine {
  return createBaileysEngine({
    log: silentLog,
    trustedRoot: Buffer.from(network.root, 'base64'),
    socketUrl: (lease) => {
      const url = new URL(network.url);
      url.searchParams.set('org', orgId);
      url.searchParams.set('tag', lease.phoneId);
      return url.href;
    },
    ...more,
  });
}

export class EnginePhone {
  readonly phoneId = `phone-${randomUUID().slice(0, 8)}`;
  facts: EngineFact[] = [];
  verdict: (identity: LinkedIdentity) => PairingVerdict | Promise<PairingVerdict> = () => ({ accept: true });
  session: EngineSession | null = null;
  readonly messages: InboundMessage[] = [];
  /** While false messages are seen and lost, as by a process that dies before it stores them. */
  storesMessages = true;
  storesHistory = true;
  mayWrite = true;
  #epoch = 0;

  constructor(
    readonly engine: Engine,
    readonly store: MemorySessionStore = new MemorySessionStore(),
  ) {}

  /** Opens a session; its facts replace those of the session before. */
  open(purpose: 'pair' | 'login'): EngineSession {
    const facts: EngineFact[] = [];
    this.facts = facts;
    this.#epoch += 1;
    const lease: Lease = { phoneId: this.phoneId, orgId: 'org', nodeId: 'node', epoch: this.#epoch };
    this.session = this.engine.open({
      lease,
      store: this.store,
      purpose,
      judgePairing: async (identity) => this.verdict(identity),
      mayWrite: () => this.mayWrite,
      onFact: async (fact) => {
        facts.push(fact);
        if (fact.kind === 'message') this.#receive(fact.message);
        if (fact.kind === 'history') this.#receiveHistory(fact.batch);
      },
    });
    return this.session;
  }

  all<K extends EngineFact['kind']>(kind: K): FactOf<K>[] {
    return this.facts.filter((fact): fact is FactOf<K> => fact.kind === kind);
  }

  fact<K extends EngineFact['kind']>(kind: K, deadlineMs?: number): Promise<FactOf<K>> {
    return until(
      `the fact ${kind} (seen: ${this.facts.map((fact) => fact.kind).join(' ')})`,
      () => this.all(kind).at(-1),
      deadlineMs,
    );
  }

  async closed(deadlineMs?: number): Promise<EngineClose> {
    return (await this.fact('closed', deadlineMs)).close;
  }

  /** Pairs by QR with a handset and logs in. */
  async link(control: SandboxControl, number: string): Promise<void> {
    this.open('pair');
    const { qrCode } = await this.fact('qr-offered');
    await control.scan(number, qrCode);
    await this.fact('paired');
    await this.closed();
    await this.login();
  }

  async login(): Promise<void> {
    this.open('login');
    await until('the backlog to be drained', () => this.all('drained').at(-1) ?? this.all('closed').at(-1));
    if (this.all('drained').length === 0) throw new Error(`closed instead: ${JSON.stringify(await this.closed())}`);
  }

  arrives(text: string): Promise<InboundMessage> {
    return until(`the message “${text}”`, () => this.messages.find(({ body }) => body === text));
  }

  #receiveHistory({ ciphertextHash }: HistoryBatch): void {
    if (ciphertextHash !== null && this.storesHistory) this.store.settle(ciphertextHash);
  }

  /** What the phone session does with a message: stores it once and settles its inbox entry. */
  #receive(message: InboundMessage): void {
    const known = this.messages.findIndex(({ waId, fromMe }) => waId === message.waId && fromMe === message.fromMe);
    if (known < 0) this.messages.push(message);
    else if (this.messages[known]?.type === 'ciphertext') this.messages[known] = message;
    if (message.ciphertextHash !== null && this.storesMessages) this.store.settle(message.ciphertextHash);
  }
}
