import { type FieldErrors, type PhoneInfo, phoneRoutes, type UpdatePhoneBody } from '@trunkline/api';
import { NotFound, type Phone, PhoneNotRunning, parseLabelNames, phoneEvents, projectPhone } from '@trunkline/core';
import { readImage } from '../../images/read-image.js';
import { type Binding, bindPhone } from '../bind-route.js';
import type { HttpDeps } from '../http-deps.js';
import { HttpError } from '../http-error.js';
import { audit } from './audit.js';

const KEYS = ['phone_name', 'phone_image', 'labels'] as const;

/**
 * Name and picture are changed on WhatsApp by the phone's owner, who also stores them; labels are ours. All that can be
 * judged is judged before anything changes.
 */
export function bindUpdate(binding: Binding, present: (phone: Phone) => PhoneInfo): void {
  const { deps } = binding;
  bindPhone(binding, phoneRoutes.update, async (call) => {
    const { key, phone, body } = call;
    requireSomething(body);
    requireChangeable(phone, body);
    const picture = body.phone_image === undefined ? null : await readImage(body.phone_image, deps.egress);

    const name = body.phone_name?.trim();
    if (name !== undefined && name !== phone.name) await deps.ask.setProfileName(phone.phoneId, name);
    if (picture !== null) await deps.ask.setProfileImage(phone.phoneId, picture);
    if (body.labels !== undefined) await setLabels(deps, phone, body.labels, present);

    const changed = KEYS.filter((field) => body[field] !== undefined).join(',');
    await audit(deps, call, 'phone.update', phone.phoneId, { changed });
    const after = await deps.phones.find(key.orgId, phone.phoneId);
    if (after === null) throw new NotFound('Phone not found');
    return present(after);
  });
}

function requireSomething(body: UpdatePhoneBody): void {
  if (KEYS.some((key) => body[key] !== undefined)) return;
  const fields: FieldErrors = Object.fromEntries(KEYS.map((key) => [key, { message: `${key} is missing` }]));
  const message = `Invalid body. At least one of the following keys are required: ${KEYS.join(', ')}`;
  throw new HttpError('VALIDATION_ERROR', message, { fields });
}

function requireChangeable(phone: Phone, body: UpdatePhoneBody): void {
  if (body.phone_name !== undefined && phone.isBusiness) {
    const message = 'The name of a WhatsApp Business account can only be changed on the handset.';
    throw new HttpError('VALIDATION_ERROR', message, { fields: { phone_name: { message } } });
  }
  if (body.phone_name === undefined && body.phone_image === undefined) return;
  if (projectPhone(phone.state).waState !== 'CONNECTED') {
    throw new PhoneNotRunning(
      'Name and picture are changed on WhatsApp, and the phone is not connected. Connect it first.',
    );
  }
}

async function setLabels(
  deps: HttpDeps,
  phone: Phone,
  names: string,
  present: (phone: Phone) => PhoneInfo,
): Promise<void> {
  const labels = await deps.phones.resolveLabels(phone.orgId, 'phone', parseLabelNames(names));
  const ids = labels.map(({ labelId }) => labelId).join();
  const changed = await deps.phones.change(phone.orgId, phone.phoneId, (current) =>
    current.labels.map(({ labelId }) => labelId).join() === ids
      ? null
      : { change: { labels }, events: (before, after) => phoneEvents(present(before), present(after)) },
  );
  if (changed === null) throw new NotFound('Phone not found');
}
