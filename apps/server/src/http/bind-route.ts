import type { Route } from '@trunkline/api';
import type { ApiKey, Phone } from '@trunkline/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Authenticator } from './auth/authenticator.js';
import { requirePermission } from './auth/permission.js';
import { checkInput } from './check-input.js';
import type { HttpDeps } from './http-deps.js';
import { findPhone } from './phone-header.js';
import { overRateLimit, type RateLimit } from './rate-limit.js';

/** What every route of this server is bound with. */
export interface Binding {
  readonly app: FastifyInstance;
  readonly deps: HttpDeps;
  readonly authenticator: Authenticator;
  readonly rateLimit: RateLimit;
}

export interface PublicCall<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface KeyCall<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> extends PublicCall<P, Q, B> {
  readonly key: ApiKey;
}

export interface PhoneCall<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> extends KeyCall<P, Q, B> {
  readonly phone: Phone;
}

/** A handler answers with the object of the route's schema, with nothing for 204, or sends by itself and says so. */
export const SENT = Symbol('sent');
type Answer<A extends z.ZodType> = Promise<z.input<A> | typeof SENT | undefined>;

/** A route without sign-in. */
export function bindPublic<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  binding: Binding,
  route: Route<P, Q, B, A>,
  handle: (call: PublicCall<P, Q, B>) => Answer<A>,
): void {
  bind(binding, route, async (request, reply) => handle(readCall(route, request, reply)));
}

/** A route for whoever has a key with the route's permission. */
export function bindKey<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  binding: Binding,
  route: Route<P, Q, B, A>,
  handle: (call: KeyCall<P, Q, B>) => Answer<A>,
): void {
  bind(binding, route, async (request, reply) => handle({ ...readCall(route, request, reply), key: keyOf(request) }));
}

/** A route about the phone that the header names. The phone is found before the rest of the input is judged. */
export function bindPhone<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  binding: Binding,
  route: Route<P, Q, B, A>,
  handle: (call: PhoneCall<P, Q, B>) => Answer<A>,
): void {
  const { phones } = binding.deps;
  bind(binding, route, async (request, reply) => {
    const key = keyOf(request);
    const phone = await findPhone(phones, key.orgId, key.scope, request.headers['x-phone']);
    reply.header('x-periskope-phone-id', phone.phoneId);
    return handle({ ...readCall(route, request, reply), key, phone });
  });
}

function bind(
  binding: Binding,
  route: Route,
  handle: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
): void {
  const { method, path, success, bodyLimitBytes } = route;
  binding.app.route({
    method,
    url: path,
    config: { name: route.name, takesBody: route.body !== undefined },
    ...(bodyLimitBytes !== undefined && { bodyLimit: bodyLimitBytes }),
    onRequest: route.permission === 'public' ? [] : [(request, reply) => admit(binding, route, request, reply)],
    handler: async (request, reply) => {
      const answer = await handle(request, reply);
      if (answer === SENT) return reply;
      return reply.code(success.status).send(success.status === 204 ? undefined : answer);
    },
  });
}

/** Who calls, how often, and whether they may: before a body is read. */
async function admit(binding: Binding, route: Route, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { authenticator, rateLimit } = binding;
  let refusal: unknown = null;
  try {
    request.principal = await authenticator.authenticate(request.headers.authorization, request.ip);
  } catch (error) {
    refusal = error;
  }
  // Whoever has no key is counted by address, so that every answer carries the headers.
  const { isOver, headers } = rateLimit.take(request.principal?.key.keyId ?? request.ip);
  reply.headers(headers);
  if (request.principal === null) throw refusal;
  const { key } = request.principal;
  reply.header('x-periskope-org-id', key.orgId);
  if (isOver) throw overRateLimit();
  requirePermission(key.scope, route.permission);
}

function readCall<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  route: Route<P, Q, B, A>,
  request: FastifyRequest,
  reply: FastifyReply,
): PublicCall<P, Q, B> {
  return {
    params: checkInput(route.params, request.params, 'query'),
    query: checkInput(route.query, request.query, 'query'),
    body: checkInput(route.body, request.body ?? {}, 'body'),
    request,
    reply,
  };
}

function keyOf(request: FastifyRequest): ApiKey {
  if (request.principal === null) throw new Error('the route was bound without sign-in');
  return request.principal.key;
}
