import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EngineClose } from '../engine/engine-close.js';
import { type CauseCode, causeOf, causeRow } from './disconnect-cause.js';
import type { CommandKind } from './phone.js';
import { type PublicPhone, phoneEvents } from './phone-events.js';
import type { Effect, Ended, Facts, PhoneInput, Transition } from './phone-input.js';
import { projectPhone } from './phone-projection.js';
import type { PhoneState } from './phone-state.js';
import { transition } from './phone-transition.js';
import { MEMORY_MS } from './repeated-ending.js';
import { PERSON } from './sample-phone.js';
import { STABLE_MS, wakeAt } from './wake-at.js';

/** One thing that happens to a phone in a walk: chosen by chance, and a number for the chance inside the transition. */
type Step =
  | { readonly do: 'wait'; readonly ms: number }
  /** Time passes until the phone does something by itself. */
  | { readonly do: 'next moment' }
  | { readonly do: 'command'; readonly command: CommandKind }
  | { readonly do: 'move' }
  | { readonly do: 'stale timer' }
  | { readonly do: 'answer' }
  | { readonly do: 'refuse' }
  | { readonly do: 'close'; readonly close: EngineClose };

const DEFINITE: readonly CauseCode[] = ['logged_out', 'locked', 'banned'];
const AT_ONCE: readonly CauseCode[] = ['restart_required', 'deaf'];

const failure = fc
  .constantFrom(400, 401, 402, 403, 405, 406, 409, 500, 501, 503)
  .map((code): EngineClose => ({ source: 'failure', code, attrs: code === 402 ? { expire: '600' } : {} }));
const streamError = fc
  .tuple(fc.constantFrom(515, 516, 503, 500, null), fc.constantFrom(null, null, null, 'replaced', 'device_removed'))
  .map(
    ([code, conflict]): EngineClose => ({
      source: 'stream-error',
      code,
      conflict: conflict as 'replaced' | 'device_removed' | null,
      child: null,
    }),
  );
const otherClose = fc.constantFrom<EngineClose>(
  { source: 'connection-ended', message: '' },
  { source: 'network', message: '' },
  { source: 'half-open' },
  { source: 'connect-timeout' },
  { source: 'deaf' },
  { source: 'bad-frame', message: '' },
  { source: 'untrusted-server' },
  { source: 'engine-fault', message: '' },
  { source: 'not-multidevice' },
  { source: 'upgrade-refused', status: 429 },
  { source: 'upgrade-refused', status: 403 },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ do: 'answer' }) },
  {
    weight: 5,
    arbitrary: fc.integer({ min: 0, max: 20_000 }).map((ms): Step => ({ do: 'wait', ms })),
  },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3_600_000 }).map((ms): Step => ({ do: 'wait', ms })) },
  { weight: 5, arbitrary: fc.constant<Step>({ do: 'next moment' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'wait', ms: STABLE_MS + 1_000 }) },
  {
    weight: 6,
    arbitrary: fc.oneof(otherClose, otherClose, streamError, failure).map((close): Step => ({ do: 'close', close })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<CommandKind>('start', 'restart', 'restart', 'resync', 'reset', 'delete')
      .map((command): Step => ({ do: 'command', command })),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'move' }, { do: 'stale timer' }, { do: 'refuse' }) },
);

/** The same without people: what the server does when nobody looks. */
const unattended = step.filter(({ do: what }) => what !== 'command' && what !== 'move');

type Check = (holds: boolean, text: string) => void;

/** Closes after which the phone is tried again, whatever else happens. */
const passing = unattended.filter((one) => one.do !== 'close' || isPassing(one.close));

interface Opening {
  readonly at: number;
  readonly why: 'command' | 'claimed' | 'at once' | 'by itself';
}

/** A phone with its engine and its clock, checked after every transition. */
class Walk {
  state: PhoneState = { name: 'off', cause: 'created', since: 0 };
  now = 1_000_000;
  linked = false;
  recent: Ended[] = [];
  /** The one engine session; `silent` after it was told to unlink and before it answers. */
  engine: { purpose: 'pair' | 'login'; since: number; unlinking: boolean } | null = null;
  readonly openings: Opening[] = [];
  readonly edges: string[] = [];
  readonly #chance: () => number;

  constructor(chance: () => number) {
    this.#chance = chance;
  }

  run(steps: readonly Step[]): void {
    for (const one of steps) this.#take(one);
  }

  /** A phone that is linked and online. */
  link(): this {
    this.apply({ kind: 'command', command: 'start' });
    this.run([{ do: 'answer' }, { do: 'answer' }, { do: 'answer' }]);
    this.#take({ do: 'close', close: { source: 'stream-error', code: 515, conflict: null, child: null } });
    this.run([{ do: 'answer' }, { do: 'answer' }]);
    expect(this.state.name).toBe('online');
    return this;
  }

  apply(input: PhoneInput): void {
    const facts = this.#facts();
    const before = this.state;
    const done = transition(before, input, facts);
    const promise: Check = (holds, text) => {
      if (!holds) throw new Error(`${text}: ${JSON.stringify({ before, input, done, facts })}`);
    };
    this.#check(before, input, done, facts, promise);
    this.#hear(before, done.state, promise);
    this.state = done.state;
    if (done.ended !== null) this.recent.push(done.ended);
    if (done.identity !== null) this.linked = true;
    if (done.credentials !== null) this.linked = false;
    for (const effect of done.effects) this.#run(effect, input, done);
    this.#checkRest(promise);
  }

  /** Events of connecting and disconnecting come at the edges of `wa_state`, and only there. */
  #hear(before: PhoneState, after: PhoneState, promise: Check): void {
    const [was, is] = [projectPhone(before).waState, projectPhone(after).waState];
    const names = phoneEvents(shown(before), shown(after)).map(({ name }) => name);
    const edges = names.filter((name) => name === 'org.phone.connected' || name === 'org.phone.disconnected');
    promise(edges.length === (was === is ? 0 : 1), 'an event at each edge');
    promise(edges[0] === undefined || edges[0].endsWith(is.toLowerCase()), 'the event of the edge');
    promise(edges[0] === undefined || edges[0] !== this.edges.at(-1), 'the same event twice');
    this.edges.push(...edges);
  }

  #facts(): Facts {
    this.recent = this.recent.filter(({ at }) => at > this.now - MEMORY_MS);
    const { now, linked, recent } = this;
    return {
      now,
      linked,
      recent: [...recent],
      random: this.#chance(),
      openSince: this.engine?.since ?? null,
      primarySeenAt: null,
    };
  }

  #take(one: Step): void {
    switch (one.do) {
      case 'wait':
        this.#wait(one.ms);
        break;
      case 'next moment': {
        const at = wakeAt(this.state, this.engine?.since ?? null);
        if (at !== null) this.#wait(Math.max(0, at - this.now));
        break;
      }
      case 'command':
        this.apply({ kind: 'command', command: one.command });
        break;
      case 'move':
        // Another node takes the phone: the socket here is gone, and so is what the session remembers.
        this.engine = null;
        this.recent = [];
        this.apply({ kind: 'claimed' });
        break;
      case 'stale timer':
        this.apply({ kind: 'time' });
        break;
      case 'answer':
        this.#answer();
        break;
      case 'refuse':
        if (this.engine?.purpose !== 'pair' || this.linked) break;
        this.apply({ kind: 'pairing-refused', cause: 'wrong_number' });
        this.#close({ source: 'ours', unlinked: false });
        break;
      case 'close':
        this.#close(one.close);
        break;
    }
  }

  #wait(ms: number): void {
    const end = this.now + ms;
    for (let moments = 0; ; moments += 1) {
      if (moments > 5_000) throw new Error('the phone does not come to rest');
      const at = wakeAt(this.state, this.engine?.since ?? null);
      if (at === null || at > end) break;
      this.now = Math.max(this.now, at);
      this.apply({ kind: 'time' });
    }
    this.now = end;
  }

  /** WhatsApp does what comes next. */
  #answer(): void {
    const { state, engine } = this;
    if (engine === null) return;
    if (engine.unlinking) this.#close({ source: 'ours', unlinked: true });
    else if (engine.purpose === 'login') this.apply({ kind: state.name === 'syncing' ? 'drained' : 'opened' });
    else if (state.name !== 'pairing') {
      this.apply({ kind: 'qr-offered', qrCode: `code ${this.now}`, expiresAt: this.now + 20_000 });
    } else if (state.attempt.step.kind !== 'finishing') {
      this.apply({ kind: 'pairing-accepted', identity: PERSON });
    } else {
      this.linked = true;
      this.apply({ kind: 'paired', identity: PERSON });
    }
  }

  #close(close: EngineClose): void {
    if (this.engine === null) return;
    this.engine = null;
    this.apply({ kind: 'closed', close });
  }

  #run(effect: Effect, input: PhoneInput, done: Transition): void {
    switch (effect.do) {
      case 'open':
        this.engine = { purpose: effect.purpose, since: this.now, unlinking: false };
        this.openings.push({ at: this.now, why: reason(input, done) });
        return;
      case 'close':
        this.engine = null;
        return;
      case 'unlink':
        if (this.engine !== null) this.engine = { ...this.engine, unlinking: true };
        return;
      case 'resync':
      case 'recycle-worker':
        return;
    }
  }

  #check(before: PhoneState, input: PhoneInput, done: Transition, facts: Facts, promise: Check): void {
    const { state } = done;
    const view = projectPhone(state);
    promise(view.qrCode === null || (view.waState === 'DISCONNECTED' && view.isBrowserOpen), 'invariant 1');
    promise(!view.isReady || view.waState === 'CONNECTED', 'invariant 2, ready');
    promise(view.waState !== 'CONNECTED' || view.isBrowserOpen, 'invariant 2, open');
    const nothing = state === before && done.effects.length === 0 && done.credentials === null && done.ended === null;
    promise(!done.ignored || nothing, 'an input that means nothing changes nothing');

    const opens = done.effects.some((effect) => effect.do === 'open');
    const closes = done.effects.some((effect) => effect.do === 'close');
    const atRest = before.name === 'off' || before.name === 'unlinked';
    promise(!(opens && atRest) || input.kind === 'command', 'a phone at rest opens by itself');
    promise(!(opens && isDeleted(before)), 'a deleted phone opens');
    promise(!opens || closes || this.engine === null || wasRefused(before), 'opens beside an open one');

    const said = state.name === 'reconnecting' ? state.connectedUntil : null;
    promise(said === null || said <= facts.now + 15_000, 'CONNECTED for longer than the grace');
    promise(
      done.credentials !== 'retire' || !facts.linked || mayRetire(before, input),
      'retired for no definite cause',
    );
    promise(mayReset(before, input, state, facts), 'the backoff begins anew too early');
  }

  /** Between two inputs: whoever moves has a moment, and whoever rests has no engine. */
  #checkRest(promise: Check): void {
    const moves = ['starting', 'pairing', 'syncing', 'reconnecting'].includes(this.state.name);
    const at = wakeAt(this.state, this.engine?.since ?? null);
    promise(!moves || at !== null, 'a moving state without a moment');
    const rests = !moves && this.state.name !== 'online' && !isRefusal(this.state);
    promise(!rests || this.engine === null, 'an engine of a phone at rest');
  }
}

function reason(input: PhoneInput, done: Transition): Opening['why'] {
  if (input.kind === 'command' || input.kind === 'claimed') return input.kind;
  return done.ended !== null && AT_ONCE.includes(done.ended.code) ? 'at once' : 'by itself';
}

function isDeleted(state: PhoneState): boolean {
  return state.name === 'off' && state.cause === 'deleted';
}

/** The engine of a refused handset closes by itself, soon after. */
function isRefusal(state: PhoneState): boolean {
  return 'cause' in state && (state.cause === 'wrong_number' || state.cause === 'duplicate_number');
}

function wasRefused(state: PhoneState): boolean {
  return state.name === 'starting' && isRefusal(state);
}

function mayRetire(before: PhoneState, input: PhoneInput): boolean {
  if (before.name === 'starting' && before.purpose === 'unlink') return true;
  return input.kind === 'closed' && DEFINITE.includes(causeOf(input.close));
}

function mayReset(before: PhoneState, input: PhoneInput, after: PhoneState, facts: Facts): boolean {
  if (input.kind === 'command' || !('failures' in before) || !('failures' in after)) return true;
  if (before.name === 'starting' || before.name === 'pairing' || after.name === 'starting') return true;
  if (after.failures >= before.failures) return true;
  return before.name === 'online' && facts.now - before.since >= STABLE_MS;
}

function shown(state: PhoneState): PublicPhone {
  const { qrCode, waState, ...rest } = projectPhone(state);
  return Object.assign(rest, { wa_state: waState, qr_code: qrCode, updated_at: '' });
}

/** Chance that the run can repeat. */
function chanceOf(seed: number): () => number {
  let value = seed >>> 0;
  return () => {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    return value / 2 ** 32;
  };
}

const RUNS = Number(process.env.TRUNKLINE_TEST_RUNS ?? 300);
const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });

test('whatever happens to a phone, its promises hold', () => {
  fc.assert(
    fc.property(seed, fc.array(step, { minLength: 20, maxLength: 120 }), (chance, steps) => {
      const walk = new Walk(chanceOf(chance));
      walk.apply({ kind: 'command', command: 'start' });
      walk.run(steps);
    }),
    { numRuns: RUNS },
  );
});

test('a linked phone that nobody looks after never knocks too often', () => {
  fc.assert(
    fc.property(seed, fc.array(passing, { minLength: 1, maxLength: 6 }), (chance, loop) => {
      const walk = new Walk(chanceOf(chance)).link();
      walk.openings.length = 0;
      walk.recent = [];
      // Storms are loops: the same few troubles over and over.
      for (let round = 0; round < 120; round += 1) walk.run(loop);
      const times = walk.openings.map(({ at }) => at);
      times.forEach((at, index) => {
        // The budget of thirty in an hour, and one attempt each quarter of an hour after it.
        const late = times[index + 34];
        if (late !== undefined && late - at < 3_600_000) throw new Error(`35 attempts in ${late - at} ms`);
        const tenth = times[index + 9];
        if (tenth !== undefined && tenth - at < 9 * 2_000) throw new Error(`ten attempts in ${tenth - at} ms`);
      });
      expect(walk.openings.filter(({ why }) => why === 'command' || why === 'claimed')).toEqual([]);
    }),
    { numRuns: Math.ceil(RUNS / 3) },
  );
});

test('a linked phone whose troubles are all passing is online again in the end', () => {
  fc.assert(
    fc.property(seed, fc.array(passing, { maxLength: 150 }), (chance, steps) => {
      const walk = new Walk(chanceOf(chance)).link();
      walk.run(steps);
      expect(walk.linked).toBe(true);
      for (let tries = 0; tries < 30 && !isOnline(walk); tries += 1) {
        walk.run([{ do: 'answer' }, { do: 'answer' }]);
        if (!isOnline(walk)) walk.run([{ do: 'next moment' }]);
      }
      expect(walk.state.name).toBe('online');
    }),
    { numRuns: RUNS },
  );
});

function isOnline(walk: Walk): boolean {
  return walk.state.name === 'online';
}

function isPassing(close: EngineClose): boolean {
  const { rule, escalate } = causeRow(causeOf(close));
  const standsStill = (code: CauseCode) => {
    const next = causeRow(code).rule;
    return next.do === 'rest' || next.do === 'retire' || (next.do === 'halt' && next.forMs === null);
  };
  return !(rule.do === 'rest' || standsStill(causeOf(close)) || (escalate !== undefined && standsStill(escalate.to)));
}
