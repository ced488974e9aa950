/** The HTTP listener of the control API: who asks, for which organisation, and what. */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../protocol/network.js';
import { Body } from './body.js';
import { ControlError, notFound } from './control-error.js';

const PREFIX = '/sandbox/v1/';
const MAX_BODY_BYTES = 48 * 1024 * 1024;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export interface ControlRequest {
  org: string;
  /** Path segments in place of those that began with a colon. */
  params: Record<string, string>;
  query: URLSearchParams;
  body: Body;
}

/** What a call answers; without a body it is 204. */
export interface ControlAnswer {
  status: number;
  body?: unknown;
}

export type ControlRoute = (request: ControlRequest) => ControlAnswer | Promise<ControlAnswer>;

/** Routes by method and path under the prefix, such as `POST handsets/:number/scan`. */
export type ControlRoutes = Record<string, ControlRoute>;

export class ControlServer {
  #server: Server;
  readonly #routes: { method: string; segments: string[]; route: ControlRoute }[];

  constructor(
    routes: ControlRoutes,
    private readonly secret: string,
    private readonly log: Log,
  ) {
    this.#routes = Object.entries(routes).map(([name, route]) => {
      const [method = '', path = ''] = name.split(' ');
      return { method, segments: path.split('/'), route };
    });
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        this.log('error', 'a control call failed', { error: String(error) });
        response.destroy();
      });
    });
  }

  /** Listens and returns the port. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: ControlAnswer;
    try {
      answer = await this.#answer(request);
    } catch (error) {
      if (!(error instanceof ControlError)) {
        this.log('error', 'a control call failed', { url: request.url, error: String(error) });
        const body = { code: 'UNKNOWN_ERROR', message: 'Internal server error', status: 500 };
        answer = { status: 500, body };
      } else answer = { status: error.status, body: error };
    }
    request.resume();
    if (answer.body === undefined) {
      response.writeHead(answer.status).end();
      return;
    }
    const encoded = Buffer.from(JSON.stringify(answer.body));
    response.writeHead(answer.status, { 'content-type': 'application/json', 'content-length': encoded.length });
    response.end(encoded);
  }

  async #answer(request: IncomingMessage): Promise<ControlAnswer> {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    const secret = Buffer.from(String(request.headers['x-sandbox-secret'] ?? ''));
    const expected = Buffer.from(this.secret);
    if (secret.length !== expected.length || !timingSafeEqual(secret, expected)) {
      throw new ControlError('UNAUTHORIZED_ERROR', 'The header x-sandbox-secret is missing or wrong.');
    }
    const org = String(request.headers['x-org-id'] ?? '');
    if (!UUID.test(org)) {
      const fields = { 'x-org-id': { message: 'the id of the organisation, a UUID' } };
      throw new ControlError('VALIDATION_ERROR', 'Missing Header: {x-org-id}', fields);
    }
    const found = url.pathname.startsWith(PREFIX)
      ? this.#find(request.method ?? 'GET', url.pathname.slice(PREFIX.length).split('/'))
      : undefined;
    if (found === undefined) throw notFound('Route');
    const body = new Body(await readJson(request));
    return found.route({ org: org.toLowerCase(), params: found.params, query: url.searchParams, body });
  }

  #find(method: string, path: string[]): { route: ControlRoute; params: Record<string, string> } | undefined {
    for (const { method: expected, segments, route } of this.#routes) {
      if (expected !== method || segments.length !== path.length) continue;
      const params: Record<string, string> = {};
      const matches = segments.every((segment, at) => {
        const value = decodeURIComponent(path[at] ?? '');
        if (!segment.startsWith(':')) return segment === value;
        params[segment.slice(1)] = value;
        return value !== '';
      });
      if (matches) return { route, params };
    }
    return undefined;
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const data = Buffer.from(chunk);
    size += data.length;
    if (size > MAX_BODY_BYTES) throw new ControlError('TOO_LARGE', 'The body is larger than 48 MB.');
    chunks.push(data);
  }
  if (size === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new ControlError('INVALID_JSON', 'The body is not valid JSON.');
  }
}
