import { type KeyScope, type Phone, type PhoneStore, parsePhoneNumber } from '@trunkline/core';
import { mayUsePhone } from './auth/permission.js';
import { HttpError } from './http-error.js';

const HOW =
  'Name the phone by its number with country code (918527184400, +918527184400 or 918527184400@c.us) or by its phone_id (phone-…).';
const NUMBER = /^\+?\d{5,20}(@c\.us)?$/;
const PHONE_ID = /^phone-[A-Za-z0-9-]{1,64}$/;

/**
 * The phone that the header `x-phone` names. A number means the phone that is connected, else the newest one. Phones of
 * other organisations are unknown; a phone outside the key's scope is 401.
 */
export async function findPhone(
  phones: PhoneStore,
  orgId: string,
  scope: KeyScope,
  header: string | string[] | undefined,
): Promise<Phone> {
  const found = await findPhones(phones, orgId, header);
  const phone = found.find(({ phoneId }) => mayUsePhone(scope, phoneId));
  if (phone !== undefined) return phone;
  if (found.length > 0) throw new HttpError('UNAUTHORIZED_ERROR', 'This API key may not use this phone.');
  throw new HttpError('NOT_FOUND_ERROR', 'Phone not found');
}

/** Every phone of the organisation that the header may mean, the best first. */
export async function findPhones(
  phones: PhoneStore,
  orgId: string,
  header: string | string[] | undefined,
): Promise<Phone[]> {
  const text = typeof header === 'string' ? header.trim() : '';
  if (text === '') throw refused('Missing Header: {x-phone}');
  if (PHONE_ID.test(text)) {
    const phone = await phones.find(orgId, text);
    return phone === null ? [] : [phone];
  }
  const number = NUMBER.test(text) ? parsePhoneNumber(text) : null;
  if (number === null) throw refused('Invalid Header: {x-phone}');
  return phones.findByNumber(orgId, number);
}

function refused(message: string): HttpError {
  return new HttpError('VALIDATION_ERROR', message, { fields: { 'x-phone': { message: HOW } } });
}
