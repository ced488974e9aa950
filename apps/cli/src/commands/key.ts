import { type ApiKey, newApiToken } from '@trunkline/core';
import { CliError } from '../cli-error.js';
import type { CliIo } from '../cli-io.js';
import type { Commands } from '../command-tree.js';
import { findOrganisation, organisationsToList } from '../find/find-organisation.js';
import { properties, table } from '../print/table.js';
import { verb } from '../verb.js';
import { parseExpiry } from './key-expiry.js';
import { readScope, rightsOf } from './key-scope.js';
import { refuseBadName } from './name.js';

export function keyCommands(io: CliIo): Commands {
  return { create: createKey(io), list: listKeys(io), revoke: revokeKey(io) };
}

const org = { type: 'string', valueHint: 'id or name', description: 'The organisation' } as const;

const createKey = (io: CliIo) =>
  verb(
    io,
    {
      name: 'create',
      description: 'Create an API key, which is shown once',
      args: {
        org: { ...org, description: 'The organisation; may be left out when there is only one' },
        name: { type: 'string', required: true, description: 'What the key is for' },
        can: { type: 'string', default: 'read,send', valueHint: 'read,send,admin', description: 'What it may do' },
        phones: { type: 'string', valueHint: 'ids', description: 'Only these phones, separated by commas' },
        expires: { type: 'string', valueHint: '90d or date', description: 'When it ends by itself' },
      },
    },
    async ({ org: named, name, can, phones, expires }, { stores, print }) => {
      refuseBadName(name);
      const expiresAt = expires === undefined ? null : parseExpiry(expires, Date.now());
      const { orgId } = await findOrganisation(stores.orgs, named);
      const scope = await readScope(stores.phones, orgId, { can, phones });
      const { token, prefix, hash } = newApiToken();
      const key = await stores.orgs.addKey({ orgId, name, prefix, tokenHash: hash, scope, expiresAt });
      const detail = { name, can: rightsOf(scope).join(','), phones: scope.phones?.join(',') ?? null };
      await stores.orgs.audit({ orgId, actor: 'cli', action: 'key.create', subject: key.keyId, detail });
      const { key_id, org_id } = keyJson(key);
      const text = `${properties({ key_id, org_id, api_key: token })}\n\nKeep the key: it is not shown again.`;
      print({ json: { ...keyJson(key), api_key: token }, text });
    },
  );

const listKeys = (io: CliIo) =>
  verb(
    io,
    {
      name: 'list',
      description: 'List API keys, never their secrets',
      args: { org: { ...org, description: 'Only this organisation' } },
    },
    async ({ org: named }, { stores: { orgs }, print }) => {
      const found = await organisationsToList(orgs, named);
      const keys = (await Promise.all(found.map(({ orgId }) => orgs.listKeys(orgId)))).flat();
      const rows = keys.map((key) => [
        key.keyId,
        `${key.prefix}…`,
        key.name,
        rightsOf(key.scope).join(','),
        key.scope.phones?.join(',') ?? 'all',
        standing(key),
        key.lastUsedAt?.toISOString() ?? 'never',
      ]);
      const headings = ['KEY', 'STARTS WITH', 'NAME', 'CAN', 'PHONES', 'STANDING', 'LAST USED'];
      print({ json: keys.map(keyJson), text: table(headings, rows, 'There are no keys.') });
    },
  );

const revokeKey = (io: CliIo) =>
  verb(
    io,
    {
      name: 'revoke',
      description: 'End an API key for good',
      args: { key: { type: 'positional', required: true, description: 'Its id, as "key list" shows it' } },
    },
    async ({ key: keyId }, { stores: { orgs }, print }) => {
      for (const { orgId } of await orgs.listOrganisations()) {
        const known = (await orgs.listKeys(orgId)).some((key) => key.keyId === keyId);
        if (!known || !(await orgs.revokeKey(orgId, keyId))) continue;
        await orgs.audit({ orgId, actor: 'cli', action: 'key.revoke', subject: keyId, detail: {} });
        print({ json: { key_id: keyId, revoked: true }, text: `Revoked ${keyId}.` });
        return;
      }
      throw new CliError(`There is no key "${keyId}". See: trunkline key list`);
    },
  );

function keyJson(key: ApiKey) {
  return {
    key_id: key.keyId,
    org_id: key.orgId,
    name: key.name,
    prefix: key.prefix,
    can: rightsOf(key.scope),
    phones: key.scope.phones,
    standing: standing(key),
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
  };
}

function standing(key: ApiKey): 'revoked' | 'expired' | 'valid' {
  if (key.revokedAt !== null) return 'revoked';
  return key.expiresAt !== null && key.expiresAt.getTime() <= Date.now() ? 'expired' : 'valid';
}
