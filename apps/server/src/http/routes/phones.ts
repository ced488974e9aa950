import { type PhoneInfo, PhoneStatus, phoneRoutes } from '@trunkline/api';
import { createPhone, type Network, type Phone, parseLabelNames } from '@trunkline/core';
import { presentDiaryEntry, presentPhone, presentPhoneRow } from '../../present/phone.js';
import { mayUsePhone } from '../auth/permission.js';
import { type Binding, bindKey, bindPhone } from '../bind-route.js';
import { HttpError } from '../http-error.js';
import { audit } from './audit.js';
import { bindUpdate } from './update-phone.js';

const HISTORY_LIMIT = 100;

export function bindPhones(binding: Binding): void {
  const { deps } = binding;
  const { phones, config } = deps;
  const present = (phone: Phone) => presentPhone(phone, config.http.publicUrl);

  bindPhone(binding, phoneRoutes.info, async ({ phone }) => present(phone));

  bindKey(binding, phoneRoutes.all, async ({ key, query }) => {
    const wanted = filterOf(query);
    return (await phones.list(key.orgId))
      .filter(({ phoneId }) => mayUsePhone(key.scope, phoneId))
      .map(present)
      .filter(wanted);
  });

  bindKey(binding, phoneRoutes.create, async (call) => {
    const { key, body } = call;
    const network = body.network ?? config.phones.defaultNetwork;
    refuseSandbox(network, config.sandbox.enabled);
    const phone = await createPhone(
      { phones, clock: deps.clock, present },
      {
        orgId: key.orgId,
        network,
        name: body.phone_name?.trim() ?? null,
        labels: parseLabelNames(body.labels ?? ''),
        most: config.phones.maxPerOrganisation,
      },
    );
    deps.ensureWorkers(network);
    await audit(deps, call, 'phone.create', phone.phoneId, { network });
    return presentPhoneRow(phone, config.http.publicUrl);
  });

  bindUpdate(binding, present);

  bindPhone(binding, phoneRoutes.history, async ({ key, phone, query }) => {
    const entries = await phones.diary(key.orgId, phone.phoneId, Number(query.limit ?? HISTORY_LIMIT));
    return entries.map(presentDiaryEntry);
  });
}

function refuseSandbox(network: Network, enabled: boolean): void {
  if (network === 'live' || enabled) return;
  const message = 'The sandbox is switched off on this server (TRUNKLINE_SANDBOX=off).';
  throw new HttpError('VALIDATION_ERROR', message, { fields: { network: { message } } });
}

/** Phones with any of the labels, and in any of the statuses, that the query names. */
function filterOf(query: { label?: string | undefined; status?: string | undefined }): (phone: PhoneInfo) => boolean {
  const labels = query.label === undefined ? null : new Set(parseLabelNames(query.label).map(lower));
  const statuses = query.status === undefined ? null : new Set(items(query.status).map(statusOf));
  return (phone) =>
    (labels === null || [...phone.labels, ...Object.keys(phone.label_ids)].some((label) => labels.has(lower(label)))) &&
    (statuses === null || statuses.has(phone.status));
}

function statusOf(text: string): PhoneStatus {
  const { success, data } = PhoneStatus.safeParse(text);
  if (success) return data;
  const message = `status must be one of ${PhoneStatus.options.join(', ')}`;
  throw new HttpError('VALIDATION_ERROR', message, { fields: { status: { message, value: text.slice(0, 100) } } });
}

function items(list: string): string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function lower(text: string): string {
  return text.toLowerCase();
}
