import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import type { Agent, Dispatcher } from 'undici';
import { EgressRefused } from './egress-refused.js';
import { EgressAllowList } from './vet-address.js';
import { type Resolve, vetTarget, vetUrl } from './vet-target.js';

export interface EgressRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** More of an answer than this is refused. */
  readonly maxBytes: number;
  /** For everything together: name, connection, redirects, body. */
  readonly timeoutMs: number;
  /** Followed, each checked like the first; 0 hands the redirect to the caller. */
  readonly maxRedirects?: number;
}

export interface EgressResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface Egress {
  /**
   * The one way out to the web for everything that users or strangers name. Reaches only public addresses and what the
   * operator allowed; throws `EgressRefused` otherwise. A status is never an error.
   */
  fetch(request: EgressRequest): Promise<EgressResponse>;
  close(): Promise<void>;
}

export const MOST_REDIRECTS = 3;
const PLAIN_HEADERS = { 'accept-encoding': 'identity', 'user-agent': 'trunkline' };
const CONNECT_LIMIT_MS = 10_000;

/** Opens the way out. The HTTP client is loaded with its first use. */
export function createEgress(options: { allow: readonly string[]; resolve?: Resolve; ca?: string }): Egress {
  const allow = new EgressAllowList(options.allow);
  const resolve = options.resolve ?? resolveAll;
  let opening: Promise<Agent> | null = null;
  const agent = () => {
    opening ??= openAgent({ allow, resolve, ...(options.ca !== undefined && { ca: options.ca }) });
    return opening;
  };
  return {
    async fetch(request) {
      const limit = new AbortController();
      const { signal } = limit;
      const timer = setTimeout(() => limit.abort(), request.timeoutMs);
      // The client does not give up a connection that is still being made, so the deadline does not depend on it.
      const late = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      try {
        return await Promise.race([agent().then((way) => fetchFollowing(way, request, allow, signal)), late]);
      } catch (error) {
        throw explain(error, signal);
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      await (await opening)?.destroy();
    },
  };
}

async function fetchFollowing(
  agent: Agent,
  request: EgressRequest,
  allow: EgressAllowList,
  signal: AbortSignal,
): Promise<EgressResponse> {
  let url = vetUrl(request.url, allow);
  const { method = 'GET', maxRedirects: wished = 0 } = request;
  const maxRedirects = Math.min(wished, MOST_REDIRECTS);
  const first = url.origin;
  for (let hops = 0; ; hops++) {
    const response = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      // What the caller adds may be meant for one host only.
      headers: { ...PLAIN_HEADERS, ...(url.origin === first ? request.headers : {}) },
      body: request.body ?? null,
      signal,
    });
    // A body that is destroyed early complains to nobody else.
    response.body.on('error', () => {});
    const next = maxRedirects > 0 && method === 'GET' ? redirectOf(response, url, allow) : null;
    if (next === null) return await take(response, request.maxBytes);
    response.body.destroy();
    if (hops >= maxRedirects) throw new EgressRefused('The URL redirects too often.', 'redirects');
    url = next;
  }
}

function redirectOf(response: Dispatcher.ResponseData, from: URL, allow: EgressAllowList): URL | null {
  if (![301, 302, 303, 307, 308].includes(response.statusCode)) return null;
  const { location } = response.headers;
  if (typeof location !== 'string') return null;
  if (!URL.canParse(location, from.href))
    throw new EgressRefused('The URL redirects to something unreadable.', 'redirects');
  return vetUrl(new URL(location, from).href, allow);
}

async function take(response: Dispatcher.ResponseData, maxBytes: number): Promise<EgressResponse> {
  const tooMuch = new EgressRefused(`The answer is larger than ${maxBytes} bytes.`, 'size');
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) {
    response.body.destroy();
    throw tooMuch;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (size > maxBytes) throw tooMuch;
    chunks.push(chunk);
  }
  const headers = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
  return {
    status: response.statusCode,
    headers: Object.fromEntries(headers),
    body: new Uint8Array(Buffer.concat(chunks)),
  };
}

/** An agent whose connections go to checked addresses only. Literal addresses pass the same check as names. */
async function openAgent(deps: { allow: EgressAllowList; resolve: Resolve; ca?: string }): Promise<Agent> {
  const { Agent, buildConnector } = await import('undici');
  return new Agent({
    pipelining: 1,
    connections: 16,
    keepAliveTimeout: 4_000,
    maxHeaderSize: 32_768,
    connect(options, callback) {
      vetTarget({ host: options.hostname, protocol: options.protocol }, deps).then(
        (addresses) => {
          const connect = buildConnector({
            timeout: CONNECT_LIMIT_MS,
            autoSelectFamily: true,
            ...(deps.ca !== undefined && { ca: deps.ca }),
            lookup: pinned(addresses),
          });
          connect(options, callback);
        },
        (error: Error) => callback(error, null),
      );
    },
  });
}

/** Answers every look-up of the connection with the addresses that were checked. */
function pinned(addresses: readonly string[]): LookupFunction {
  const known = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (_host, options, done) => {
    const [first] = known;
    if (options.all === true) done(null, known);
    else done(null, first?.address ?? '', first?.family);
  };
}

async function resolveAll(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);
}

/** Errors of the client become ours; details that would tell about the network inside stay out. */
function explain(error: unknown, signal: AbortSignal): EgressRefused {
  if (error instanceof EgressRefused) return error;
  const cause = error instanceof Error ? error.cause : null;
  if (cause instanceof EgressRefused) return cause;
  if (signal.aborted) return new EgressRefused('The URL did not answer in time.', 'time');
  return new EgressRefused('The URL could not be reached.', 'network');
}
