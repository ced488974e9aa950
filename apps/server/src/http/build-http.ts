import './fastify-types.js';
import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Authenticator } from './auth/authenticator.js';
import type { Binding } from './bind-route.js';
import { errorAnswer, rawErrorAnswer } from './error-answer.js';
import type { HttpDeps } from './http-deps.js';
import { RateLimit } from './rate-limit.js';
import { readBodies } from './read-bodies.js';
import { bindDocs } from './routes/docs.js';
import { bindImages } from './routes/images.js';
import { bindKeys } from './routes/keys.js';
import { bindPhoneActions } from './routes/phone-actions.js';
import { bindPhones } from './routes/phones.js';
import { bindQr } from './routes/qr.js';
import { bindSandbox } from './routes/sandbox.js';
import { bindSystem } from './routes/system.js';
import { answerUnknownRoute } from './unknown-route.js';

const BODY_LIMIT_BYTES = 1_000_000;
const REQUEST_LIMIT_MS = 60_000;
const HEADERS_LIMIT_MS = 20_000;
const LONGEST_PARAM = 256;
const CLOSE_LIMIT_MS = 10_000;

/** The HTTP side of the server, complete but not listening. */
export async function buildHttp(deps: HttpDeps): Promise<FastifyInstance> {
  const { trustProxy, publicUrl } = deps.config.http;
  const app = Fastify({
    logger: false,
    genReqId: () => randomUUID(),
    trustProxy: trustProxy.length > 0 ? [...trustProxy] : false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_LIMIT_MS,
    http: { headersTimeout: HEADERS_LIMIT_MS },
    forceCloseConnections: 'idle',
    // The built-in answer has a shape of its own; while closing, requests that are in flight are simply finished.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: LONGEST_PARAM },
    frameworkErrors: (error, request, reply) => {
      const { status, body } = errorAnswer(error);
      // The types of this hook know no answers; it is an ordinary reply. No other hook runs here.
      const plain = reply as unknown as FastifyReply;
      void plain.code(status).header('x-periskope-trace-id', request.id).send(body);
    },
    clientErrorHandler: (error, socket) => {
      if (socket.writable) socket.end(rawErrorAnswer('code' in error ? String(error.code) : undefined));
      else socket.destroy();
    },
  });
  const authenticator = new Authenticator(deps);
  app.decorate('authenticator', authenticator);
  app.decorateRequest('principal', null);
  readBodies(app);
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: NOTHING_MAY_RUN },
    frameguard: { action: 'deny' },
    // Only a server that people reach by TLS may ask for it, and it speaks for itself alone.
    strictTransportSecurity: publicUrl.startsWith('https:') && { maxAge: 31_536_000, includeSubDomains: false },
  });
  addHeaders(app);
  closeInTime(app);
  answerErrors(app, deps);
  observe(app, deps);
  app.setNotFoundHandler(answerUnknownRoute);

  const binding: Binding = { app, deps, authenticator, rateLimit: new RateLimit(deps.clock) };
  bindPhones(binding);
  bindPhoneActions(binding);
  bindQr(binding);
  bindKeys(binding);
  bindSandbox(binding);
  bindSystem(binding);
  bindImages(binding);
  bindDocs(binding);
  return app;
}

function addHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-periskope-trace-id', request.id);
    if (!isApi(request)) return;
    // Keys come in a header and never in a cookie, so another site gains nothing by asking.
    reply.headers({ 'access-control-allow-origin': '*', 'cache-control': 'no-store' });
    if (request.method === 'OPTIONS') return reply.code(204).headers(PREFLIGHT).send();
  });
}

/** Answers are data: whatever a browser makes of them, nothing in them runs. Pages bring a policy of their own. */
const NOTHING_MAY_RUN = {
  'default-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
};

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST, PATCH, DELETE',
  'access-control-allow-headers': 'authorization, content-type, x-phone',
  'access-control-max-age': '600',
};

function isApi(request: FastifyRequest): boolean {
  return request.url.startsWith('/v1/') || request.url.startsWith('/sandbox/');
}

/** A connection whose answer ends after the closing began would wait for another request, and keep the server open. */
function closeInTime(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
    setTimeout(() => app.server.closeAllConnections(), CLOSE_LIMIT_MS).unref();
  });
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close');
  });
}

function answerErrors(app: FastifyInstance, deps: HttpDeps): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, body, headers, isFault } = errorAnswer(error);
    if (isFault) {
      const route = request.routeOptions.config.name ?? 'unknown';
      deps.log.error('request failed', { trace_id: request.id, route, status, err: error });
    }
    return reply.code(status).headers(headers).type('application/json; charset=utf-8').send(body);
  });
}

function observe(app: FastifyInstance, deps: HttpDeps): void {
  const { metrics, phones, leases, log } = deps;
  metrics.watchDatabase({
    phonesByState: () => phones.countByState(),
    liveNodes: () => leases.liveNodes(),
    unowned: (network) => leases.unowned(network),
  });
  app.addHook('onReady', async () => metrics.start());
  app.addHook('onClose', async () => metrics.stop());
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.config.name ?? 'unknown';
    metrics.requestAnswered(route, reply.statusCode, reply.elapsedTime / 1_000);
    log.debug('request answered', {
      trace_id: request.id,
      route,
      status: reply.statusCode,
      took_ms: Math.round(reply.elapsedTime),
      key_id: request.principal?.key.keyId ?? null,
    });
  });
}
