import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEgress, type Egress, type EgressRequest } from './egress-client.js';
import { EgressRefused } from './egress-refused.js';

/** Every URL here would reach something inside when fetched naively. PORT is a live server on loopback. */
const HOSTILE = [
  // Loopback in all its spellings.
  'http://127.0.0.1:PORT/',
  'https://127.0.0.1:PORT/',
  'https://127.1:PORT/',
  'https://127.0.1:PORT/',
  'https://2130706433:PORT/',
  'https://0x7f000001:PORT/',
  'https://0x7f.0.0.1:PORT/',
  'https://0177.0.0.1:PORT/',
  'https://017700000001:PORT/',
  'https://127.0.0.1.:PORT/',
  'https://127.8.8.8:PORT/',
  'https://0:PORT/',
  'https://0.0.0.0:PORT/',
  'https://%31%32%37.0.0.1:PORT/',
  'https://１２７.0.0.1:PORT/',
  'https://①②⑦.⓪.⓪.①:PORT/',
  'https://127。0。0。1:PORT/',
  'https://localhost:PORT/',
  'https://LOCALHOST:PORT/',
  'https://localhost.:PORT/',
  'https://sub.localhost:PORT/',
  'https://[::1]:PORT/',
  'https://[0:0:0:0:0:0:0:1]:PORT/',
  'https://[::]:PORT/',
  // IPv4 inside IPv6.
  'https://[::ffff:127.0.0.1]:PORT/',
  'https://[::ffff:7f00:1]:PORT/',
  'https://[::ffff:10.0.0.1]/',
  'https://[::ffff:8.8.8.8]/',
  'https://[::127.0.0.1]:PORT/',
  'https://[::7f00:1]:PORT/',
  'https://[::8.8.8.8]/',
  'https://[::ffff:0:127.0.0.1]:PORT/',
  'https://[64:ff9b::127.0.0.1]:PORT/',
  'https://[64:ff9b::a9fe:a9fe]/',
  'https://[64:ff9b::10.1.2.3]/',
  'https://[64:ff9b:1::127.0.0.1]:PORT/',
  'https://[2002:7f00:1::]:PORT/',
  'https://[2002:a9fe:a9fe::1]/',
  'https://[2001::7f00:1]/',
  'https://[2001:470:1:2:0:5efe:10.0.0.1]/',
  'https://[2001:470:1:2:200:5efe:10.0.0.1]/',
  // Private, shared, reserved, broadcast.
  'https://10.0.0.1/',
  'https://10.255.255.254/',
  'https://172.16.0.1/',
  'https://172.31.255.254/',
  'https://192.168.1.1/',
  'https://100.64.0.1/',
  'https://100.127.255.254/',
  'https://192.0.0.192/',
  'https://192.0.2.1/',
  'https://192.88.99.1/',
  'https://198.18.0.1/',
  'https://198.51.100.1/',
  'https://203.0.113.1/',
  'https://224.0.0.1/',
  'https://240.0.0.1/',
  'https://255.255.255.255/',
  'https://[fc00::1]/',
  'https://[fd12:3456:789a::1]/',
  'https://[fe80::1]/',
  'https://[fec0::1]/',
  'https://[ff02::1]/',
  'https://[100::1]/',
  'https://[2001:db8::1]/',
  'https://[3fff::1]/',
  'https://[4000::1]/',
  'https://[5f00::1]/',
  // Metadata services of clouds.
  'http://169.254.169.254/latest/meta-data/',
  'https://169.254.169.254/',
  'https://2852039166/',
  'https://0xa9fea9fe/',
  'https://0251.0376.0251.0376/',
  'https://[::ffff:a9fe:a9fe]/',
  'https://100.100.100.200/',
  'https://168.63.129.16/',
  'https://[fd00:ec2::254]/',
  'https://metadata.google.internal/',
  // Names that lead inside, wholly or in one of their answers.
  'https://inside.example:PORT/',
  'https://mixed.example:PORT/',
  'https://mapped.example:PORT/',
  'https://zone.example/',
  // Other ways in.
  'https://images.example@127.0.0.1:PORT/',
  'https://user:pass@images.example/',
  'http://images.example/',
  'https://images.example:22/',
  'https://images.example:25/',
  'https://images.example:6379/',
  'https://images.example:5432/',
  'https:\\\\127.0.0.1:PORT/',
  'https:127.0.0.1:PORT/',
  'file:///etc/passwd',
  'ftp://images.example/',
  'gopher://127.0.0.1:PORT/',
  'data:text/html,x',
  'javascript:alert(1)',
  'unix:/run/postgresql/.s.PGSQL.5432',
  'blob:https://images.example/1',
  '//127.0.0.1:PORT/',
  '/etc/passwd',
  '',
  'https://',
] as const;

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'images.example': ['93.184.216.34'],
  'inside.example': ['10.0.0.5'],
  'mixed.example': ['93.184.216.34', '127.0.0.1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'zone.example': ['fe80::1%eth0'],
  'metadata.google.internal': ['169.254.169.254'],
  localhost: ['127.0.0.1', '::1'],
  'sub.localhost': ['127.0.0.1'],
  'local.example': ['127.0.0.1'],
};
const resolve = async (host: string) => NAMES[host] ?? [];

/** Self-signed for images.example until 2120; used only here. */
const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEaMuJmSPprjbW7QE
TP1mM3zIUHwjvKG/SLB4JblfA9ihRANCAARiicK5aPDRLMAGXB7jz+ezKEI2nB9S
N/6L3v9856m4lQO7NgNZ/0z7DefSCpYnDqX92pU5vB1QlUjtD+NN/y7B
-----END PRIVATE KEY-----`;
const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBcDCCARagAwIBAgIBATAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5pbWFnZXMu
ZXhhbXBsZTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowGTEXMBUG
A1UEAwwOaW1hZ2VzLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARi
icK5aPDRLMAGXB7jz+ezKEI2nB9SN/6L3v9856m4lQO7NgNZ/0z7DefSCpYnDqX9
2pU5vB1QlUjtD+NN/y7Bo00wSzAZBgNVHREEEjAQgg5pbWFnZXMuZXhhbXBsZTAP
BgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBS0/V+2kGKIb4ElQBMgRfzTK1jrMzAK
BggqhkjOPQQDAgNIADBFAiEAxuAJYQvVQaIz6oYuMe9iHn433lXrc6sjoS+q/LcL
XgUCIBz4//aEKr2CrBooxpgN5oRFGL1m5/nJ9CaXiPWsrvxn
-----END CERTIFICATE-----`;

const servers: Server[] = [];
const ways: Egress[] = [];
let requests: string[] = [];
let answer: RequestListener;

beforeEach(() => {
  requests = [];
  answer = (_request, response) => void response.end('inside');
});
afterEach(async () => {
  for (const way of ways.splice(0)) await way.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

async function listen(create: (listener: RequestListener) => Server = createHttpServer): Promise<number> {
  const server = create((request, response) => {
    requests.push(`${request.method} ${request.headers.host?.replace(/:\d+$/, '')}${request.url}`);
    answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

function open(options: Partial<Parameters<typeof createEgress>[0]> = {}): Egress {
  const way = createEgress({ allow: [], resolve, ...options });
  ways.push(way);
  return way;
}

const get = (url: string, more: Partial<EgressRequest> = {}): EgressRequest => ({
  url,
  maxBytes: 1_000,
  timeoutMs: 5_000,
  ...more,
});

async function refusal(promise: Promise<unknown>): Promise<EgressRefused> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof EgressRefused)) throw new Error(`expected a refusal, got ${String(error)}`);
  return error;
}

describe('hostile URLs', () => {
  it('are many', () => expect(HOSTILE.length).toBeGreaterThanOrEqual(60));

  it.each(HOSTILE)('%s is refused before anything is sent', async (pattern) => {
    const port = await listen();
    const error = await refusal(open().fetch(get(pattern.replace('PORT', String(port)))));
    expect(error.why).toBe('target');
    expect(error.message).not.toMatch(/127|10\.0|169\.254|ECONN/);
    expect(requests).toEqual([]);
  });

  it.each(HOSTILE.filter((url) => url.startsWith('https://')))('a redirect to %s is refused too', async (pattern) => {
    const port = await listen();
    answer = (_request, response) => {
      // Headers are bytes; a browser would send other letters like this too.
      const location = Buffer.from(pattern.replace('PORT', '1')).toString('latin1');
      response.writeHead(302, { location }).end();
    };
    // Only the first host is allowed by name.
    const way = open({ allow: ['local.example'] });
    const error = await refusal(way.fetch(get(`http://local.example:${port}/`, { maxRedirects: 3 })));
    expect(['target', 'redirects']).toContain(error.why);
    expect(requests).toEqual(['GET local.example/']);
  });
});

it('refuses URLs without an end', async () => {
  expect((await refusal(open().fetch(get(`https://images.example/${'a'.repeat(3_000)}`)))).why).toBe('target');
});

describe('the way out', () => {
  it('reaches what the operator allows by address, range or name', async () => {
    const port = await listen();
    for (const allow of [['127.0.0.1'], ['127.0.0.0/8'], ['local.example'], ['LOCAL.EXAMPLE']]) {
      const { status, body } = await open({ allow }).fetch(get(`http://local.example:${port}/a?b=c`));
      expect([status, Buffer.from(body).toString()]).toEqual([200, 'inside']);
    }
    expect(requests[0]).toBe('GET local.example/a?b=c');
    await refusal(open({ allow: ['10.0.0.0/8', 'other.example'] }).fetch(get(`http://local.example:${port}/`)));
  });

  it('connects to the checked address even when the name answers differently the second time', async () => {
    const port = await listen();
    const answers = [['127.0.0.1'], ['10.0.0.1'], ['10.0.0.1']];
    const way = open({ allow: ['127.0.0.1'], resolve: async () => answers.shift() ?? [] });
    expect((await way.fetch(get(`http://rebind.example:${port}/`))).status).toBe(200);
    expect(answers).toHaveLength(2);
  });

  it('verifies the certificate against the name and not the address', async () => {
    const port = await listen((listener) => createHttpsServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, listener));
    const here = async () => ['127.0.0.1'];
    const trusted = { allow: ['127.0.0.1'], ca: TEST_CERTIFICATE, resolve: here };
    expect((await open(trusted).fetch(get(`https://images.example:${port}/`))).status).toBe(200);
    expect((await refusal(open(trusted).fetch(get(`https://other.example:${port}/`)))).why).toBe('network');
    expect((await refusal(open({ ...trusted, ca: '' }).fetch(get(`https://images.example:${port}/`)))).why).toBe(
      'network',
    );
  });

  it('follows three redirects and no fourth, and without being asked none', async () => {
    const port = await listen();
    answer = (request, response) => {
      const hop = Number(request.url?.slice(1));
      if (hop === 0) response.end('there');
      else response.writeHead(302, { location: `/${hop - 1}` }).end();
    };
    const way = open({ allow: ['local.example'] });
    const at = (hops: number) => get(`http://local.example:${port}/${hops}`, { maxRedirects: 9 });
    expect(Buffer.from((await way.fetch(at(3))).body).toString()).toBe('there');
    expect((await refusal(way.fetch(at(4)))).why).toBe('redirects');
    expect((await way.fetch({ ...at(1), maxRedirects: 0 })).status).toBe(302);
    const posted = await way.fetch({ ...at(1), method: 'POST', body: 'x' });
    expect(posted.status).toBe(302);
  });

  it('keeps headers of the caller from other hosts', async () => {
    const port = await listen();
    const seen: unknown[] = [];
    answer = (request, response) => {
      seen.push(request.headers['x-secret']);
      if (seen.length === 1) response.writeHead(307, { location: `http://localhost:${port}/` });
      response.end();
    };
    const way = open({ allow: ['local.example', 'localhost'] });
    await way.fetch(get(`http://local.example:${port}/`, { headers: { 'x-secret': 's' }, maxRedirects: 3 }));
    expect(seen).toEqual(['s', undefined]);
  });

  it('stops reading at the limit, whether the size was told or not', async () => {
    const port = await listen();
    const way = open({ allow: ['local.example'] });
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': 5_000 }).end('x'.repeat(5_000));
    };
    expect((await refusal(way.fetch(get(`http://local.example:${port}/`)))).why).toBe('size');
    let stopped = false;
    answer = (_request, response) => {
      response.on('close', () => {
        stopped = true;
      });
      const flood = () => {
        while (!response.destroyed && response.write('y'.repeat(10_000)));
      };
      response.on('drain', flood);
      flood();
    };
    expect((await refusal(way.fetch(get(`http://local.example:${port}/`)))).why).toBe('size');
    await expect.poll(() => stopped).toBe(true);
  });

  it('ends in time when a host is silent, slow to finish, or its name hangs', async () => {
    const port = await listen();
    const way = open({ allow: ['local.example'] });
    const soon = get(`http://local.example:${port}/`, { timeoutMs: 200 });
    answer = () => {};
    expect((await refusal(way.fetch(soon))).why).toBe('time');
    answer = (_request, response) => void response.writeHead(200).write('a');
    expect((await refusal(way.fetch(soon))).why).toBe('time');
    const hanging = open({ resolve: () => new Promise(() => {}) });
    expect((await refusal(hanging.fetch({ ...soon, url: 'https://images.example/' }))).why).toBe('time');
  });

  it('tells nothing about the network inside', async () => {
    const port = await listen();
    servers[0]?.close();
    const unknown = await refusal(open().fetch(get('https://unknown.example/')));
    const failing = open({ resolve: () => Promise.reject(new Error('SERVFAIL from 10.0.0.2')) });
    expect(unknown.message).toBe((await refusal(failing.fetch(get('https://images.example/')))).message);
    const closed = await refusal(open({ allow: ['127.0.0.1'] }).fetch(get(`http://local.example:${port}/`)));
    expect(closed.message).toBe('The URL could not be reached.');
  });
});
