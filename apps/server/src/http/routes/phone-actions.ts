import { phoneRoutes } from '@trunkline/api';
import {
  type CommandKind,
  Conflict,
  NotFound,
  type Phone,
  PhoneNotRunning,
  type PhoneNumber,
  parsePhoneNumber,
  projectPhone,
  removePhone,
} from '@trunkline/core';
import { phoneImageKey } from '../../images/phone-image-place.js';
import { presentPhone } from '../../present/phone.js';
import { timestamp } from '../../present/timestamp.js';
import { type Binding, bindPhone } from '../bind-route.js';
import type { HttpDeps } from '../http-deps.js';
import { HttpError } from '../http-error.js';
import { audit } from './audit.js';

/** What changes the life of a phone. The three commands are kept until the phone's worker executes them. */
export function bindPhoneActions(binding: Binding): void {
  const { deps } = binding;

  const command = (route: typeof phoneRoutes.restart, kind: CommandKind) =>
    bindPhone(binding, route, async (call) => {
      const { key, phone } = call;
      if (!(await deps.phones.command(key.orgId, phone.phoneId, kind))) throw new NotFound('Phone not found');
      deps.ensureWorkers(phone.network);
      await audit(deps, call, `phone.${kind}`, phone.phoneId);
      return undefined;
    });
  command(phoneRoutes.restart, 'restart');
  command(phoneRoutes.reset, 'reset');
  command(phoneRoutes.resync, 'resync');

  bindPhone(binding, phoneRoutes.delete, async (call) => {
    const { key, phone } = call;
    const present = (gone: Phone) => presentPhone(gone, deps.config.http.publicUrl);
    const removed = await removePhone({ ...deps, present }, key.orgId, phone.phoneId);
    if (!removed) throw new NotFound('Phone not found');
    deps.ensureWorkers(phone.network);
    await forgetImage(deps, phone);
    await audit(deps, call, 'phone.delete', phone.phoneId);
    return undefined;
  });

  bindPhone(binding, phoneRoutes.pairingCode, async (call) => {
    const { phone, body } = call;
    const number = parsePhoneNumber(body.number);
    if (number === null) {
      const message = 'must be a phone number with country code, for example 918527184400';
      throw new HttpError('VALIDATION_ERROR', `Invalid body. number ${message}`, { fields: { number: { message } } });
    }
    requirePairable(phone, number);
    const { code, expiresAt } = await deps.ask.pairingCode(phone.phoneId, number);
    await audit(deps, call, 'phone.pairing-code', phone.phoneId);
    return { code, expires_at: timestamp(expiresAt) };
  });
}

function requirePairable(phone: Phone, number: PhoneNumber): void {
  const view = projectPhone(phone.state);
  if (view.waState === 'CONNECTED') {
    throw new Conflict('The phone is linked already. Reset it to link it again.');
  }
  if (!view.isBrowserOpen) {
    throw new PhoneNotRunning(
      'The phone is not waiting to be linked. Restart it, wait for its QR code, then try again.',
    );
  }
  if (phone.number !== null && phone.number !== number) {
    throw new Conflict('The phone belongs to another number. Create a new phone to link this one.');
  }
}

/** The picture goes with the last phone of its number. */
async function forgetImage(deps: HttpDeps, phone: Phone): Promise<void> {
  if (phone.number === null || (await deps.phones.findByNumber(phone.orgId, phone.number)).length > 0) return;
  try {
    await deps.storage.delete(phoneImageKey(phone.orgId, phone.number));
  } catch (error) {
    deps.log.warn('could not delete the picture of a deleted phone', { phone_id: phone.phoneId, err: error });
  }
}
