import type { ApiKey } from '@trunkline/core';
import type { FastifyRequest } from 'fastify';
import type { HttpDeps } from '../http-deps.js';

/** Notes in the audit log who did what to what, and from where. A failure is logged and does not undo what was done. */
export async function audit(
  deps: HttpDeps,
  call: { key: ApiKey; request: FastifyRequest },
  action: string,
  subject: string,
  detail: Readonly<Record<string, string | number | boolean | null>> = {},
): Promise<void> {
  const { key, request } = call;
  try {
    await deps.orgs.audit({
      orgId: key.orgId,
      actor: `key:${key.keyId}`,
      action,
      subject,
      detail: { ...detail, from: request.ip, trace_id: request.id },
    });
  } catch (error) {
    deps.log.error('audit entry lost', { action, subject, org_id: key.orgId, err: error });
  }
}
