import {
  ConnectLimiter,
  type ConnectLimits,
  type CrashPoint,
  type Lease,
  type LinkedIdentity,
  type Phone,
  type PhoneNumber,
  PhoneSession,
  PhoneSupervisor,
  type PhoneView,
  projectPhone,
  type SessionDeps,
  type Transition,
} from '@trunkline/core';
import { silentLog } from '../silent-log.js';
import { FakeEngine } from './fake-engine.js';
import { ManualClock } from './manual-clock.js';
import { MemoryDatabase } from './memory-database.js';
import { MemoryLeaseStore } from './memory-lease-store.js';
import { MemoryOwnedStore } from './memory-owned-store.js';

/** The public object of the memory world: what a reader of events may see of a phone. */
export interface PhoneShown extends Omit<PhoneView, 'qrCode'> {
  readonly wa_state: string;
  readonly qr_code: string | null;
  readonly updated_at: string;
  readonly org_phone: string | null;
  readonly phone_name: string | null;
  readonly last_disconnect: Phone['lastDisconnect'];
}

export function showPhone(phone: Phone): PhoneShown {
  const { qrCode, ...view } = projectPhone(phone.state);
  return {
    ...view,
    wa_state: view.waState,
    qr_code: qrCode,
    updated_at: phone.updatedAt.toISOString(),
    org_phone: phone.number,
    phone_name: phone.name,
    last_disconnect: phone.lastDisconnect,
  };
}

/** A person with a handset, as an engine meets them. */
export function person(number: string, name: string | null = null): LinkedIdentity {
  return { number: number as PhoneNumber, lid: null, device: 1, platform: 'android', isBusiness: false, name };
}

/** Nodes, phones, a database and a WhatsApp, all in memory and with one clock that the test moves. */
export class PhoneWorld {
  readonly clock = new ManualClock();
  readonly db = new MemoryDatabase(this.clock);
  readonly leases = new MemoryLeaseStore(this.db, 'the test');
  readonly engine = new FakeEngine(this.clock);
  readonly limiter: ConnectLimiter;
  /** What sessions asked of their surroundings, oldest first. */
  readonly asked: string[] = [];
  readonly transitions: Transition[] = [];
  random = () => 0.5;
  mayWrite = () => true;
  crash: (point: CrashPoint) => void = () => {};

  constructor(limits: ConnectLimits = { inFlight: 100, perSecond: null }) {
    this.limiter = new ConnectLimiter(this.clock, limits);
  }

  /** A session of a phone on a node, not started yet. */
  session(phoneId: string, nodeId = 'node-a', more: Partial<SessionDeps> = {}): PhoneSession {
    return this.open(this.db.take(this.db.row(phoneId), nodeId), more);
  }

  open(lease: Lease, more: Partial<SessionDeps> = {}): PhoneSession {
    return new PhoneSession(lease, {
      store: new MemoryOwnedStore(this.db, lease.nodeId),
      engine: this.engine,
      limiter: this.limiter,
      clock: this.clock,
      log: silentLog,
      random: () => this.random(),
      present: showPhone,
      mayWrite: () => this.mayWrite(),
      keepImage: async (_phone, image) => {
        this.asked.push(`keep image of ${image?.length ?? 0} bytes`);
        return true;
      },
      audit: async (_lease, action, detail) => {
        this.db.audit.push(`${action} ${detail.number ?? ''}`);
      },
      onRest: () => this.asked.push('rest'),
      onLeaseLost: () => this.asked.push('lease lost'),
      onTransition: (_before, done) => this.transitions.push(done),
      recycleWorker: () => this.asked.push('recycle worker'),
      crash: (point) => this.crash(point),
      ...more,
    });
  }

  /** A node that looks for phones by itself. Its heartbeat is what the database has of it. */
  async node(nodeId: string): Promise<PhoneSupervisor> {
    const node = { nodeId, address: `http://${nodeId}`, network: 'sandbox', hostId: 'host', pid: 1 } as const;
    await this.leases.registerNode(node);
    const supervisor = new PhoneSupervisor({
      node,
      leases: new MemoryLeaseStore(this.db, nodeId),
      store: new MemoryOwnedStore(this.db, nodeId),
      heartbeatAgoMs: () => this.clock.monotonic() - (this.db.nodes.get(nodeId)?.heartbeatAt ?? 0),
      openSession: (lease, hooks) => this.open(lease, hooks),
      clock: this.clock,
      log: silentLog,
    });
    supervisor.start();
    return supervisor;
  }

  /** The process of a node is gone, and its sockets with it. */
  kill(nodeId: string): void {
    this.db.dead.add(nodeId);
    for (const session of this.engine.sessions) if (session.input.lease.nodeId === nodeId) session.isOpen = false;
  }

  shown(phoneId: string): PhoneShown {
    return showPhone(this.db.row(phoneId).phone);
  }

  /** Names of the events of a phone, oldest first. */
  events(phoneId: string): string[] {
    return this.db.row(phoneId).events.map(({ name }) => name.replace('org.phone.', ''));
  }
}
