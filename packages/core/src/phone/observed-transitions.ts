import type { EngineClose } from '../engine/engine-close.js';
import { CAUSE_CODES, type CauseCode, causeOf, causeRow } from './disconnect-cause.js';
import type { PhoneInput } from './phone-input.js';
import type { PhoneState } from './phone-state.js';
import { transition } from './phone-transition.js';
import { endings, factsOf, HOUR, NOW, PERSON, SAMPLES } from './sample-phone.js';
import { wakeAt } from './wake-at.js';

/** What leads from one state to another, found by trying everything in every situation. */
export interface ObservedTransition {
  readonly from: string;
  readonly to: string;
  /** What happened, in words of the page. */
  readonly inputs: readonly string[];
}

const failure = (code: number): EngineClose => ({ source: 'failure', code, attrs: {} });
const stream = (code: number | null, conflict: 'replaced' | 'device_removed' | null = null): EngineClose => ({
  source: 'stream-error',
  code,
  conflict,
  child: null,
});

/** An end of each kind that an engine can tell. */
const CLOSES: readonly EngineClose[] = [
  ...[400, 401, 402, 403, 405, 406, 409, 411, 500, 503].map(failure),
  ...[500, 503, 515, 516].map((code) => stream(code)),
  stream(null, 'replaced'),
  stream(401, 'device_removed'),
  ...[403, 429, 500].map((status): EngineClose => ({ source: 'upgrade-refused', status })),
  { source: 'connection-ended', message: '' },
  { source: 'network', message: '' },
  { source: 'half-open' },
  { source: 'connect-timeout' },
  { source: 'deaf' },
  { source: 'bad-frame', message: '' },
  { source: 'untrusted-server' },
  { source: 'pairing-ended' },
  { source: 'not-multidevice' },
  { source: 'engine-fault', message: '' },
];

const CLOSE_CODES = [...new Set(CLOSES.map(causeOf))];

const COMMANDS = ['start', 'restart', 'resync', 'reset', 'delete'] as const;

/** Every transition to another place, in the order of the states. */
export function observeTransitions(): ObservedTransition[] {
  const seen = new Map<string, { from: string; to: string; inputs: Set<string> }>();
  for (const state of Object.values<PhoneState>(SAMPLES)) {
    for (const [words, next] of tries(state)) {
      const [from, to] = [placeOf(state), placeOf(next)];
      if (from === to) continue;
      const entry = seen.get(`${from} ${to}`) ?? { from, to, inputs: new Set<string>() };
      entry.inputs.add(words);
      seen.set(`${from} ${to}`, entry);
    }
  }
  return [...seen.values()].map(({ inputs, ...ends }) => ({
    ...ends,
    inputs: summed([...inputs].filter(isNews(inputs))),
  }));
}

function placeOf(state: PhoneState): string {
  return state.name === 'starting' ? `starting to ${state.purpose.replace('login', 'log in')}` : state.name;
}

/** What leads there at once does so again when it is repeated, and later too. */
function isNews(inputs: ReadonlySet<string>): (words: string) => boolean {
  return (words) => ![REPEATED, LATER].some((more) => words.endsWith(more) && inputs.has(words.slice(0, -more.length)));
}

/** Many causes that share a rule are one line. */
function summed(inputs: readonly string[]): string[] {
  const groups: readonly [string, readonly CauseCode[]][] = [
    ['any end', CLOSE_CODES],
    [
      'any end that is tried again',
      CLOSE_CODES.filter((code) => ['backoff', 'ladder'].includes(causeRow(code).rule.do)),
    ],
    ['any end that gives up the link', CLOSE_CODES.filter((code) => causeRow(code).rule.do === 'retire')],
  ];
  return groups.reduce<string[]>(
    (words, [name, codes]) => {
      const all = codes.map(cause);
      return all.every((one) => words.includes(one)) ? [...words.filter((one) => !all.includes(one)), name] : words;
    },
    [...inputs],
  );
}

const REPEATED = ' repeated';
const LATER = ' much later';

function* tries(state: PhoneState): Generator<readonly [string, PhoneState]> {
  for (const command of COMMANDS) yield [`\`${command}\``, after(state, { kind: 'command', command })];
  yield ['a node takes the phone', after(state, { kind: 'claimed' })];
  yield ['a node takes the phone, and the link is gone', after(state, { kind: 'claimed' }, { linked: false })];
  yield [`a node takes the phone${LATER}`, after(state, { kind: 'claimed' }, { now: NOW + HOUR })];
  const moment = wakeAt(state, factsOf(state).openSince);
  if (moment !== null) yield ['time', after(state, { kind: 'time' }, { now: moment })];
  yield ['a QR code', after(state, { kind: 'qr-offered', qrCode: 'code', expiresAt: NOW + 20_000 })];
  yield ['a pairing code', after(state, { kind: 'code-offered', expiresAt: NOW + 160_000 })];
  yield ['a handset that may link', after(state, { kind: 'pairing-accepted', identity: PERSON })];
  yield ['a handset that may not link', after(state, { kind: 'pairing-refused', cause: 'wrong_number' })];
  yield ['linked', after(state, { kind: 'paired', identity: PERSON })];
  yield ['opened', after(state, { kind: 'opened' })];
  yield ['everything held back is stored', after(state, { kind: 'drained' })];
  for (const close of CLOSES) yield* ends(state, close);
}

/** An end as it is the first time, and as it is when it comes again and again. */
function* ends(state: PhoneState, close: EngineClose): Generator<readonly [string, PhoneState]> {
  const code = causeOf(close);
  yield [cause(code), after(state, { kind: 'closed', close })];
  const tired = 'failures' in state ? { ...state, failures: 50 } : state;
  const next = after(tired, { kind: 'closed', close }, { recent: endings(code, 20) });
  const final = CAUSE_CODES.find((other) => 'cause' in next && next.cause === other) ?? code;
  yield [final === code ? cause(code) : `${cause(code)}${REPEATED}`, next];
}

function cause(code: CauseCode): string {
  return `*${code}*`;
}

function after(state: PhoneState, input: PhoneInput, more: Parameters<typeof factsOf>[1] = {}): PhoneState {
  return transition(state, input, factsOf(state, more)).state;
}
