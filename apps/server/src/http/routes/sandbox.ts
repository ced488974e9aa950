import { ErrorBody, type Route, sandboxRoutes } from '@trunkline/api';
import { type Binding, bindKey, SENT } from '../bind-route.js';
import type { HttpDeps } from '../http-deps.js';
import { HttpError } from '../http-error.js';

/** The control of the sandbox network: checked lightly, and passed on for the organisation of the key. */
export function bindSandbox(binding: Binding): void {
  for (const route of Object.values(sandboxRoutes)) bindForward(binding, route);
}

function bindForward(binding: Binding, route: Route): void {
  const { deps } = binding;
  bindKey(binding, route, async ({ key, body, request, reply }) => {
    const proxy = requireSandbox(deps);
    await requireOwnTarget(deps, key.orgId, body);
    const answer = await proxy
      .forward({ orgId: key.orgId, method: route.method, path: request.url, ...(body !== undefined && { body }) })
      .catch((error: unknown) => {
        deps.log.warn('the sandbox does not answer', { route: route.name, err: error });
        throw new HttpError('UNAVAILABLE_ERROR', 'The sandbox does not answer. Try again in a moment.');
      });
    if (answer.status >= 400) requireErrorBody(answer.body);
    void reply.code(answer.status).send(answer.body ?? undefined);
    return SENT;
  });
}

function requireSandbox(deps: HttpDeps) {
  if (!deps.config.sandbox.enabled) {
    throw new HttpError('NOT_FOUND_ERROR', 'The sandbox is switched off on this server (TRUNKLINE_SANDBOX=off).');
  }
  if (deps.sandbox === null) {
    throw new HttpError('NOT_FOUND_ERROR', 'This server uses a sandbox elsewhere, which is controlled there.');
  }
  return deps.sandbox;
}

/** A fault may aim at a phone by its id: only at one of this organisation. */
async function requireOwnTarget(deps: HttpDeps, orgId: string, body: unknown): Promise<void> {
  if (typeof body !== 'object' || body === null || !('target' in body)) return;
  const { target } = body;
  if (typeof target !== 'string' || !target.startsWith('phone-')) return;
  if ((await deps.phones.find(orgId, target)) === null) throw new HttpError('NOT_FOUND_ERROR', 'Phone not found');
}

function requireErrorBody(body: unknown): void {
  if (!ErrorBody.loose().safeParse(body).success) throw new Error('the sandbox answered an error without a body');
}
