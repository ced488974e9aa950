import {
  type CommandKind,
  type Decide,
  type DiaryEntry,
  type EventDraft,
  type LabelRef,
  type Network,
  type Phone,
  type PhoneCommand,
  type PhoneStore,
  projectPhone,
} from '@trunkline/core';
import type { MemoryEventLog } from './memory-event-log.js';

interface Stored {
  phone: Phone;
  deleted: boolean;
  readonly diary: DiaryEntry[];
}

/** `PhoneStore` in memory, for tests that need no database. One thread, so every call is a transaction. */
export class MemoryPhoneStore implements PhoneStore {
  readonly #stored = new Map<string, Stored>();
  readonly #labels = new Map<string, LabelRef>();
  #lastCommandId = 0;
  /** Commands that nobody has executed yet. */
  readonly waiting: PhoneCommand[] = [];

  constructor(private readonly log: MemoryEventLog) {}

  async create(input: Parameters<PhoneStore['create']>[0]): Promise<Phone> {
    const now = new Date();
    const phone: Phone = {
      orgId: input.orgId,
      phoneId: input.phoneId,
      network: input.network,
      wanted: 'running',
      state: input.state,
      number: null,
      lid: null,
      name: input.name,
      isBusiness: false,
      imageChangedAt: null,
      labels: input.labels,
      firstConnectedAt: null,
      lastDisconnect: null,
      restrictedUntil: null,
      primaryLastSeen: null,
      createdAt: now,
      updatedAt: now,
    };
    this.#stored.set(phone.phoneId, { phone, deleted: false, diary: [diaryEntry(phone, null, null)] });
    this.log.append(phone.orgId, phone.phoneId, input.events(phone));
    return phone;
  }

  async find(orgId: string, phoneId: string): Promise<Phone | null> {
    return this.#visible(orgId, phoneId)?.phone ?? null;
  }

  async findByNumber(orgId: string, number: string): Promise<Phone[]> {
    const connected = (phone: Phone) => (projectPhone(phone.state).waState === 'CONNECTED' ? 0 : 1);
    return (await this.list(orgId))
      .filter((phone) => phone.number === number)
      .sort((a, b) => connected(a) - connected(b) || b.createdAt.getTime() - a.createdAt.getTime());
  }

  async list(orgId: string): Promise<Phone[]> {
    return [...this.#stored.values()]
      .filter(({ phone, deleted }) => phone.orgId === orgId && !deleted)
      .map(({ phone }) => phone)
      .reverse();
  }

  async count(orgId: string): Promise<number> {
    return (await this.list(orgId)).length;
  }

  async change(orgId: string, phoneId: string, decide: Decide): Promise<Phone | null> {
    const stored = this.#visible(orgId, phoneId);
    if (stored === null) return null;
    const before = stored.phone;
    const decision = decide(before);
    if (decision === null) return before;
    const updatedAt = new Date(Math.max(Date.now(), before.updatedAt.getTime() + 1));
    stored.phone = { ...before, ...decision.change, updatedAt };
    if (decision.diary) stored.diary.unshift(diaryEntry(stored.phone, decision.diary.code, decision.diary.reason));
    this.#settle(decision.settles ?? []);
    this.log.append(orgId, phoneId, decision.events(before, stored.phone));
    return stored.phone;
  }

  /** Nobody owns anything in memory, so every phone counts as abandoned. */
  async changeAbandoned(decide: Decide): Promise<number> {
    let changed = 0;
    for (const { phone, deleted } of [...this.#stored.values()]) {
      if (deleted) continue;
      const { orgId, phoneId, updatedAt } = phone;
      const after = await this.change(orgId, phoneId, decide);
      if (after !== null && after.updatedAt > updatedAt) changed += 1;
    }
    return changed;
  }

  async command(orgId: string, phoneId: string, kind: CommandKind): Promise<boolean> {
    if (this.#visible(orgId, phoneId) === null) return false;
    this.#addCommand(phoneId, kind);
    return true;
  }

  async remove(orgId: string, phoneId: string, events: (phone: Phone) => readonly EventDraft[]): Promise<boolean> {
    const stored = this.#visible(orgId, phoneId);
    if (stored === null) return false;
    stored.deleted = true;
    stored.phone = { ...stored.phone, wanted: 'stopped', updatedAt: new Date() };
    this.#settle(this.waiting.filter((command) => command.phoneId === phoneId).map(({ commandId }) => commandId));
    this.#addCommand(phoneId, 'delete');
    this.log.append(orgId, phoneId, events(stored.phone));
    return true;
  }

  async diary(orgId: string, phoneId: string, limit: number): Promise<DiaryEntry[]> {
    return this.#visible(orgId, phoneId)?.diary.slice(0, limit) ?? [];
  }

  async resolveLabels(orgId: string, type: string, names: readonly string[]): Promise<LabelRef[]> {
    return names.map((name) => {
      const key = `${orgId} ${type} ${name.toLowerCase()}`;
      const label = this.#labels.get(key) ?? { labelId: labelId(this.#labels.size), name };
      this.#labels.set(key, label);
      return label;
    });
  }

  async countByState(): Promise<{ network: Network; state: string; phones: number }[]> {
    const counts = new Map<string, { network: Network; state: string; phones: number }>();
    for (const { phone, deleted } of this.#stored.values()) {
      if (deleted) continue;
      const key = `${phone.network} ${phone.state.name}`;
      const row = counts.get(key) ?? { network: phone.network, state: phone.state.name, phones: 0 };
      counts.set(key, { ...row, phones: row.phones + 1 });
    }
    return [...counts.values()];
  }

  #visible(orgId: string, phoneId: string): Stored | null {
    const stored = this.#stored.get(phoneId);
    return stored === undefined || stored.deleted || stored.phone.orgId !== orgId ? null : stored;
  }

  #addCommand(phoneId: string, kind: CommandKind): void {
    if (this.waiting.some((command) => command.phoneId === phoneId && command.kind === kind)) return;
    this.#lastCommandId += 1;
    this.waiting.push({ commandId: this.#lastCommandId, phoneId, kind });
  }

  #settle(commandIds: readonly number[]): void {
    for (const id of commandIds) {
      const index = this.waiting.findIndex(({ commandId }) => commandId === id);
      if (index >= 0) this.waiting.splice(index, 1);
    }
  }
}

function diaryEntry(phone: Phone, code: string | null, reason: string | null): DiaryEntry {
  return { at: phone.updatedAt, state: phone.state.name, code, reason, nodeId: null };
}

/** `label-` and sixteen letters, different for each count. */
function labelId(count: number): string {
  const letters = count.toString(26).replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 26)));
  return `label-${letters.padStart(16, 'a')}`;
}
