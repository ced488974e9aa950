import { newApiToken } from '@trunkline/core';
import type { CliIo } from '../cli-io.js';
import type { Commands } from '../command-tree.js';
import { properties, table } from '../print/table.js';
import { verb } from '../verb.js';
import { refuseBadName } from './name.js';

export function orgCommands(io: CliIo): Commands {
  return { create: createOrganisation(io), list: listOrganisations(io) };
}

const createOrganisation = (io: CliIo) =>
  verb(
    io,
    {
      name: 'create',
      description: 'Create an organisation with a first API key, which is shown once',
      args: { name: { type: 'string', required: true, description: 'What people call it' } },
    },
    async ({ name }, { stores: { orgs }, print }) => {
      refuseBadName(name);
      const { orgId } = await orgs.createOrganisation(name);
      const { token, prefix, hash } = newApiToken();
      const { keyId } = await orgs.addKey({
        orgId,
        name: 'first key',
        prefix,
        tokenHash: hash,
        scope: { phones: null, read: true, send: true, admin: true },
        expiresAt: null,
      });
      await orgs.audit({ orgId, actor: 'cli', action: 'org.create', subject: orgId, detail: { key_id: keyId } });
      const json = { org_id: orgId, api_key: token };
      print({ json, text: `${properties(json)}\n\nKeep the key: it is not shown again.` });
    },
  );

const listOrganisations = (io: CliIo) =>
  verb(io, { name: 'list', description: 'List the organisations', args: {} }, async (_, { stores, print }) => {
    const all = await stores.orgs.listOrganisations();
    const counts = await Promise.all(all.map((org) => stores.phones.count(org.orgId)));
    const json = all.map((org, at) => ({
      org_id: org.orgId,
      name: org.name,
      phones: counts[at] ?? 0,
      created_at: org.createdAt.toISOString(),
    }));
    const rows = json.map((org) => [org.org_id, org.name, String(org.phones), org.created_at]);
    print({ json, text: table(['ORGANISATION', 'NAME', 'PHONES', 'CREATED'], rows, 'There are no organisations.') });
  });
