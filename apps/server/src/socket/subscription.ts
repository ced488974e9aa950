import type { KeyScope, LoggedEvent, Phone } from '@trunkline/core';
import { mayUsePhone } from '../http/auth/permission.js';
import { HttpError } from '../http/http-error.js';

/** The rooms of one socket: everything of the organisation, or some phones. Made from the key, never from a wish alone. */
export function roomsFor(orgId: string, scope: KeyScope, asked: readonly Phone[] | null): string[] {
  if (asked === null) {
    return scope.phones === null ? [orgRoom(orgId)] : scope.phones.map((phoneId) => phoneRoom(orgId, phoneId));
  }
  if (asked.length === 0) throw new HttpError('NOT_FOUND_ERROR', 'Phone not found');
  const usable = asked.filter(({ phoneId }) => mayUsePhone(scope, phoneId));
  if (usable.length === 0) throw new HttpError('UNAUTHORIZED_ERROR', 'This API key may not use this phone.');
  // A number may have belonged to several phones: whichever of them speaks is meant.
  return usable.map(({ phoneId }) => phoneRoom(orgId, phoneId));
}

/** Where an event is heard. A socket is in one kind of room only, so nobody hears it twice. */
export function roomsOf(event: LoggedEvent): string[] {
  return [orgRoom(event.orgId), phoneRoom(event.orgId, event.phoneId)];
}

function orgRoom(orgId: string): string {
  return `org ${orgId}`;
}

function phoneRoom(orgId: string, phoneId: string): string {
  return `phone ${orgId} ${phoneId}`;
}
