import { CAUSE_CODES, type Cause, type CauseCode, causeRow } from './disconnect-cause.js';
import { observeTransitions } from './observed-transitions.js';
import { GRACE_MS } from './phone-ending.js';
import { projectPhone } from './phone-projection.js';
import { HOURLY_BUDGET } from './repeated-ending.js';
import { SAMPLE_NAMES, SAMPLES } from './sample-phone.js';
import { STABLE_MS } from './wake-at.js';

/** The page that tells the life of a phone, printed from the tables that the server runs on. */
export function printLifecycle(): string {
  return [
    '# Life of a phone',
    '',
    'Printed from the code by `npx vitest run packages/core/src/phone/print-lifecycle.test.ts -u`; a test fails when it is',
    'not what the code says. The words are explained in the [glossary](glossary.md).',
    '',
    '## States, and what the API shows of them',
    '',
    ...table(
      ['State', '`wa_state`', '`is_browser_open`', '`is_ready`', '`qr_code`', '`status`', '`user_action`'],
      states(),
    ),
    '',
    `An unexpected drop is said to be CONNECTED for ${seconds(GRACE_MS)} more, because most drops are over by then.`,
    'What people want of a phone, running or stopped, is stored apart from where it is.',
    '',
    '## Causes, and what follows',
    '',
    'Every end of a session is one of these, told by who said it and not by its number. Nothing else decides to try again,',
    'to stop or to give up a link.',
    '',
    ...table(['`reason_code`', '`reason`', 'What follows', '`status`', '`user_action`', 'Announced'], causes()),
    '',
    `Backoff: half to the whole of 2 s, doubled with each attempt up to 5 min; it begins anew after ${seconds(STABLE_MS)} online.`,
    `After ${HOURLY_BUDGET} attempts within an hour a phone is tried every 15 minutes. When many phones of a worker fail alike, or`,
    'WhatsApp says that we are outdated or too many, the whole worker stops connecting and tries one phone a minute.',
    '"Retired" credentials stay encrypted for seven days and can be restored by an operator.',
    'An alarm is a line of the level `error` in the log.',
    '',
    '## Transitions',
    '',
    'Found by trying everything in every situation. Words in *italics* are causes, words in `code` are commands.',
    '',
    ...table(['From', 'To', 'By'], transitions()),
    '',
  ].join('\n');
}

function states(): string[][] {
  return SAMPLE_NAMES.map((name) => {
    const view = projectPhone(SAMPLES[name]);
    const code = view.qrCode === null ? 'null' : 'the code';
    return [name, view.waState, `${view.isBrowserOpen}`, `${view.isReady}`, code, view.status, view.userAction];
  });
}

function causes(): string[][] {
  return CAUSE_CODES.map((code) => {
    const row = causeRow(code);
    return [code, row.sentence, follows(code, row), row.status, row.userAction, announced(row)];
  });
}

function follows(code: CauseCode, row: Cause): string {
  const words = [rule(row, code)];
  if (row.escalate !== undefined) {
    const { times, withinMs, to } = row.escalate;
    words.push(`${times} ${withinMs === null ? 'in a row' : `within ${duration(withinMs)}`}: *${to}*`);
  }
  if (row.fleet) words.push('counts for the fleet');
  if (row.alarm) words.push('alarm');
  return words.join('; ');
}

function rule({ rule: { ...rule } }: Cause, code: CauseCode): string {
  switch (rule.do) {
    case 'backoff':
      return rule.floorMs === 0
        ? 'tried again with backoff'
        : `tried again with backoff, after ${duration(rule.floorMs)} at least`;
    case 'ladder':
      return rule.delaysMs.length === 1 && rule.delaysMs[0] === 0
        ? 'opened again at once'
        : `tried again after ${rule.delaysMs.map(duration).join(', ')}${rule.delaysMs.length > 1 ? ', and so on' : ''}`;
    case 'retire':
      return 'the link is given up, credentials are retired';
    case 'halt':
      if (code === 'temp_ban')
        return `rests until 1 to 10 min after the end that WhatsApp names, else ${duration(rule.forMs ?? 0)}`;
      return rule.forMs === null ? 'rests until somebody restarts it' : `rests for ${duration(rule.forMs)}`;
    case 'rest':
      return 'closed until somebody starts it';
  }
}

function announced(row: Cause): string {
  return row.grace ? `after ${seconds(GRACE_MS)}` : 'at once';
}

function transitions(): string[][] {
  return observeTransitions().map(({ from, to, inputs }) => [from, to, inputs.join(', ')]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}

function duration(ms: number): string {
  if (ms < 60_000) return seconds(ms);
  return ms < 3_600_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`;
}
