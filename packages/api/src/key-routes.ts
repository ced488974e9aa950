import { z } from 'zod';
import { CreateKeyBody, type KeyInfo, KeyInfo as KeyInfoSchema, NewKey } from './key.js';
import { defineRoute } from './route.js';

const tag = 'API keys';

const KEY_EXAMPLE: KeyInfo = {
  key_id: '0f6c2a7e-5a55-4a0b-8a30-0f2f5b1f3c11',
  org_id: '2997dd64-89bf-48d3-9a22-b314fca017e5',
  name: 'helpdesk',
  prefix: 'tl_k3Hd9',
  scope: { phones: null, read: true, send: true, admin: false },
  created_at: '2025-04-12T09:15:26.668+00:00',
  expires_at: null,
  last_used_at: null,
  revoked_at: null,
};

export const keyRoutes = {
  list: defineRoute({
    name: 'listKeys',
    method: 'GET',
    path: '/v1/keys',
    tag,
    summary: 'The API keys of the organisation',
    permission: 'org',
    success: { status: 200, description: 'Newest first.', schema: z.array(KeyInfoSchema), example: [KEY_EXAMPLE] },
  }),
  create: defineRoute({
    name: 'createKey',
    method: 'POST',
    path: '/v1/keys',
    tag,
    summary: 'Make an API key; its token is shown once',
    permission: 'org',
    body: CreateKeyBody,
    bodyExample: { name: 'helpdesk', scope: { read: true, send: true } },
    success: {
      status: 201,
      description: 'The key with its token.',
      schema: NewKey,
      example: { ...KEY_EXAMPLE, token: 'tl_…' },
    },
    errors: [422],
  }),
  revoke: defineRoute({
    name: 'revokeKey',
    method: 'DELETE',
    path: '/v1/keys/:key_id',
    tag,
    summary: 'Revoke an API key; it stops working within five seconds, open sockets included',
    permission: 'org',
    params: z.object({ key_id: z.string() }),
    success: { status: 204, description: 'Revoked.' },
    errors: [404],
  }),
};
