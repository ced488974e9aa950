import { keyRoutes } from '@trunkline/api';
import { NotFound, newApiToken } from '@trunkline/core';
import { presentKey } from '../../present/key.js';
import { type Binding, bindKey } from '../bind-route.js';
import type { HttpDeps } from '../http-deps.js';
import { HttpError } from '../http-error.js';
import { audit } from './audit.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** API keys of the organisation, for keys that may administer all of it. */
export function bindKeys(binding: Binding): void {
  const { deps, authenticator } = binding;

  bindKey(binding, keyRoutes.list, async ({ key }) => {
    const keys = await deps.orgs.listKeys(key.orgId);
    return [...keys].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime()).map(presentKey);
  });

  bindKey(binding, keyRoutes.create, async (call) => {
    const { key, body } = call;
    const expiresAt = body.expires_at === null ? null : new Date(body.expires_at);
    if (expiresAt !== null && expiresAt.getTime() <= deps.clock.now())
      throw refused('expires_at', 'must be in the future');
    await requirePhones(deps, key.orgId, body.scope.phones ?? []);
    const { token, prefix, hash } = newApiToken();
    const { name, scope } = body;
    const made = await deps.orgs.addKey({ orgId: key.orgId, name, prefix, tokenHash: hash, scope, expiresAt });
    await audit(deps, call, 'key.create', made.keyId, { name, admin: scope.admin });
    return { ...presentKey(made), token };
  });

  bindKey(binding, keyRoutes.revoke, async (call) => {
    const { key, params } = call;
    const id = params.key_id.toLowerCase();
    if (!UUID.test(id) || !(await deps.orgs.revokeKey(key.orgId, id))) throw new NotFound('API key not found');
    authenticator.forget();
    await audit(deps, call, 'key.revoke', id);
    return undefined;
  });
}

/** Another organisation's phone is as unknown as one that never was. */
async function requirePhones(deps: HttpDeps, orgId: string, phoneIds: readonly string[]): Promise<void> {
  if (phoneIds.length === 0) return;
  const known = new Set((await deps.phones.list(orgId)).map(({ phoneId }) => phoneId));
  const unknown = phoneIds.find((phoneId) => !known.has(phoneId));
  if (unknown !== undefined) throw refused('scope.phones', `names ${unknown}, which is no phone of this organisation`);
}

function refused(field: string, message: string): HttpError {
  return new HttpError('VALIDATION_ERROR', `Invalid body. ${field} ${message}`, { fields: { [field]: { message } } });
}
