import type { Authenticator, Principal } from './auth/authenticator.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** Shared with the socket, so that both see a revoked key at the same moment. */
    authenticator: Authenticator;
  }
  interface FastifyRequest {
    principal: Principal | null;
  }
  interface FastifyContextConfig {
    /** Of the route, for metrics. */
    name?: string;
    takesBody?: boolean;
  }
}
