import { systemRoutes } from '@trunkline/api';
import { isLoopbackHost } from '../../config/address-text.js';
import { requirePermission } from '../auth/permission.js';
import { type Binding, bindPublic, SENT } from '../bind-route.js';

const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip'];

export function bindSystem(binding: Binding): void {
  const { deps, authenticator } = binding;

  bindPublic(binding, systemRoutes.health, async () => ({ status: 'ok' as const }));

  bindPublic(binding, systemRoutes.ready, async ({ reply }) => {
    try {
      await deps.ready();
      return { ready: true, checks: { database: 'ok' } };
    } catch (error) {
      deps.log.warn('not ready', { err: error });
      // Which part of the inside fails how is for the log.
      void reply.code(503).send({ ready: false, checks: { database: 'does not answer' } });
      return SENT;
    }
  });

  bindPublic(binding, systemRoutes.metrics, async ({ request, reply }) => {
    // A proxy on this machine makes everybody look local, but says for whom it asks.
    const isLocal =
      isLoopbackHost((request.socket.remoteAddress ?? '').replace('::ffff:', '')) &&
      FORWARDED.every((name) => request.headers[name] === undefined);
    if (!isLocal) {
      const { key } = await authenticator.authenticate(request.headers.authorization, request.ip);
      requirePermission(key.scope, 'admin');
    }
    void reply.type(deps.metrics.contentType).send(await deps.metrics.render());
    return SENT;
  });
}
