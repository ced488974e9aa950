import { type Phone, personId, projectPhone } from '@trunkline/core';
import type { Answer } from '../verb.js';
import { properties, table } from './table.js';

/** A phone as the public API names things, as far as an operator needs it. */
export function phoneJson(phone: Phone) {
  const view = viewOf(phone);
  return {
    phone_id: phone.phoneId,
    org_id: phone.orgId,
    org_phone: phone.number === null ? null : personId(phone.number),
    phone_name: phone.name,
    network: phone.network,
    labels: phone.labels.map((label) => label.name),
    wa_state: view.waState,
    is_ready: view.isReady,
    is_browser_open: view.isBrowserOpen,
    status: view.status,
    reason_code: view.reasonCode,
    reason: view.reason,
    user_action: view.userAction,
    since: iso(view.since),
    next_attempt_at: view.nextAttemptAt === null ? null : iso(view.nextAttemptAt),
    created_at: phone.createdAt.toISOString(),
    updated_at: phone.updatedAt.toISOString(),
  };
}

/** One phone, with everything an operator may ask about it. */
export function phoneAnswer(phone: Phone): Answer {
  const json = phoneJson(phone);
  const text = Object.entries(json).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : shown(value),
  ]);
  return { json, text: properties(Object.fromEntries(text)) };
}

/** All phones, one a line. */
export function phonesAnswer(phones: readonly Phone[]): Answer {
  const rows = phones.map((phone) => {
    const view = viewOf(phone);
    return [phone.phoneId, shown(phone.number), shown(phone.name), phone.network, view.status, shown(view.reason)];
  });
  const headings = ['PHONE', 'NUMBER', 'NAME', 'NETWORK', 'STATUS', 'REASON'];
  return { json: phones.map(phoneJson), text: table(headings, rows, 'There are no phones.') };
}

function viewOf(phone: Phone) {
  const { restrictedUntil } = phone;
  return projectPhone(phone.state, restrictedUntil !== null && restrictedUntil.getTime() > Date.now());
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function shown(value: string | boolean | null): string {
  return value === null ? '-' : String(value);
}
