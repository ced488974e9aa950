import { z } from 'zod';
import { defineRoute } from './route.js';

const tag = 'Operation';

export const Readiness = z
  .object({ ready: z.boolean(), checks: z.record(z.string(), z.string()).describe('`ok` or what is wrong.') })
  .meta({ id: 'Readiness' });
export type Readiness = z.infer<typeof Readiness>;

export const systemRoutes = {
  health: defineRoute({
    name: 'getHealth',
    method: 'GET',
    path: '/healthz',
    tag,
    summary: 'Whether the process answers',
    permission: 'public',
    success: {
      status: 200,
      description: 'It does.',
      schema: z.object({ status: z.literal('ok') }),
      example: { status: 'ok' },
    },
  }),
  ready: defineRoute({
    name: 'getReadiness',
    method: 'GET',
    path: '/readyz',
    tag,
    summary: 'Whether the server can do its work',
    description: 'Answers 503 with the same body when it cannot.',
    permission: 'public',
    success: {
      status: 200,
      description: 'It can.',
      schema: Readiness,
      example: { ready: true, checks: { database: 'ok' } },
    },
  }),
  metrics: defineRoute({
    name: 'getMetrics',
    method: 'GET',
    path: '/metrics',
    tag,
    summary: 'Metrics for Prometheus',
    description: 'Free for callers on the same machine; others need a key with admin permission.',
    permission: 'public',
    success: { status: 200, description: 'Text exposition format.', alsoTypes: ['text/plain'] },
  }),
  image: defineRoute({
    name: 'getPhoneImage',
    method: 'GET',
    path: '/phone-images/*',
    tag,
    summary: 'A profile picture, as `phone_image` links it',
    description: 'The path is `<org_id>%2F<number>%40c.us.jpg`. Needs no key.',
    permission: 'public',
    params: z.object({ '*': z.string() }),
    success: { status: 200, description: 'The picture.', alsoTypes: ['image/jpeg'] },
    errors: [404],
  }),
  openapi: defineRoute({
    name: 'getOpenApi',
    method: 'GET',
    path: '/openapi.json',
    tag,
    summary: 'This document',
    permission: 'public',
    success: { status: 200, description: 'OpenAPI 3.1.', schema: z.record(z.string(), z.unknown()) },
  }),
  docs: defineRoute({
    name: 'getDocs',
    method: 'GET',
    path: '/docs',
    tag,
    summary: 'This document to read',
    permission: 'public',
    success: { status: 200, description: 'A page.', alsoTypes: ['text/html'] },
  }),
};
