import { type ApiKey, type LoggedEvent, type PhoneStore, parsePhoneNumber } from '@trunkline/core';
import { mayUsePhone } from '../http/auth/permission.js';
import { HttpError } from '../http/http-error.js';
import { findPhones } from '../http/phone-header.js';

/**
 * The rooms of one socket: everything of the organisation, or what `x-phone` names. Made from the key, never from a wish
 * alone. A number that no phone has yet is fine: its phone may be linked while the socket listens.
 */
export async function roomsFor(
  phones: PhoneStore,
  key: ApiKey,
  header: string | string[] | undefined,
): Promise<string[]> {
  const { orgId, scope } = key;
  if (header === undefined || header === '') {
    return scope.phones === null ? [orgRoom(orgId)] : scope.phones.map((phoneId) => phoneRoom(orgId, phoneId));
  }
  const named = await findPhones(phones, orgId, header);
  const number = typeof header === 'string' && !header.trim().startsWith('phone-') ? parsePhoneNumber(header) : null;
  if (number !== null && scope.phones === null) return [numberRoom(orgId, number)];
  if (named.length === 0) throw new HttpError('NOT_FOUND_ERROR', 'Phone not found');
  const usable = named.filter(({ phoneId }) => mayUsePhone(scope, phoneId));
  if (usable.length === 0) throw new HttpError('UNAUTHORIZED_ERROR', 'This API key may not use this phone.');
  return usable.map(({ phoneId }) => phoneRoom(orgId, phoneId));
}

/** Where an event is heard. */
export function roomsOf(event: LoggedEvent, object: Readonly<Record<string, unknown>>): string[] {
  const number = typeof object.org_phone === 'string' ? parsePhoneNumber(object.org_phone) : null;
  const rooms = [orgRoom(event.orgId), phoneRoom(event.orgId, event.phoneId)];
  return number === null ? rooms : [...rooms, numberRoom(event.orgId, number)];
}

function orgRoom(orgId: string): string {
  return `org ${orgId}`;
}

function phoneRoom(orgId: string, phoneId: string): string {
  return `phone ${orgId} ${phoneId}`;
}

function numberRoom(orgId: string, number: string): string {
  return `number ${orgId} ${number}`;
}
