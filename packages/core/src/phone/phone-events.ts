import type { PhoneEventName } from '../event/event.js';
import type { EventDraft } from './phone-store.js';

/** The public phone object, as far as events depend on it. */
export interface PublicPhone {
  readonly wa_state: string;
  readonly qr_code: string | null;
  readonly updated_at: string;
}

/**
 * Which events a change of the public object fires: the edges of `wa_state` their own event, a new code `org.phone.qr`,
 * any other visible change `org.phone.updated`, a code that is gone included. A change that nobody can see fires nothing.
 */
export function phoneEvents(before: PublicPhone, after: PublicPhone): EventDraft[] {
  const names: PhoneEventName[] = [];
  if (before.wa_state !== after.wa_state) {
    names.push(after.wa_state === 'CONNECTED' ? 'org.phone.connected' : 'org.phone.disconnected');
  } else if (withoutCode(before) !== withoutCode(after) || (before.qr_code !== null && after.qr_code === null)) {
    names.push('org.phone.updated');
  }
  if (after.qr_code !== null && before.qr_code !== after.qr_code) names.push('org.phone.qr');
  const payload = JSON.stringify(after);
  return names.map((name) => ({ name, payload }));
}

function withoutCode(phone: PublicPhone): string {
  return JSON.stringify({ ...phone, qr_code: null, updated_at: null });
}
