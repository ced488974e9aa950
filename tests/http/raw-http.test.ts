import { type AddressInfo, connect } from 'node:net';
import { ErrorBody } from '@trunkline/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestOrg, World } from './world.js';

let world: World;
let org: TestOrg;
let port: number;

beforeAll(async () => {
  world = await World.create();
  org = await world.org();
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  port = (world.app.server.address() as AddressInfo).port;
});
afterAll(() => world.stop());

/** Sends bytes and reads until the server closes. */
function exchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', reject).on('close', () => resolve(text));
    socket.write(bytes);
  });
}

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`;

function parse(answer: string): { status: number; body: unknown; head: string } {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body: body === '' ? null : JSON.parse(body), head };
}

describe('bytes on the wire', () => {
  it.each([
    ['nonsense', 'hello\r\n\r\n', 400],
    ['a header without a name', lines('GET / HTTP/1.1', 'Host: x', ': y'), 400],
    ['two lengths', lines('POST /v1/phones/create HTTP/1.1', 'Host: x', 'Content-Length: 1', 'Content-Length: 2'), 400],
    ['endless headers', lines('GET / HTTP/1.1', 'Host: x', `X: ${'y'.repeat(40_000)}`), 431],
  ])('%s gets the body of the contract', async (_what, bytes, status) => {
    const answer = parse(await exchange(bytes));
    expect(answer.status).toBe(status);
    expect(ErrorBody.strict().parse(answer.body)).toMatchObject({ status });
  });

  it('a path that cannot be decoded gets it too', async () => {
    const answer = parse(await exchange(lines('GET /v1/%zz HTTP/1.1', 'Host: x', 'Connection: close')));
    expect(ErrorBody.strict().parse(answer.body)).toMatchObject({ status: 404 });
    expect(answer.head).toMatch(/x-periskope-trace-id: /i);
  });

  it('204 has no body and no chunks, so the official client reads nothing', async () => {
    const phone = await world.phone(org);
    const answer = await exchange(
      lines(
        'POST /v1/phones/restart HTTP/1.1',
        'Host: x',
        `Authorization: Bearer ${org.token}`,
        `x-phone: ${phone.phoneId}`,
        'Content-Length: 0',
        'Connection: close',
      ),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 204 No Content\r\n/);
    expect(answer).toMatch(/\r\n\r\n$/);
    expect(answer).not.toMatch(/transfer-encoding/i);
  });

  it('every other answer says its length', async () => {
    for (const [path, status] of [
      ['/v1/phones/all', 200],
      ['/v1/phones', 422],
      ['/v1/none', 404],
    ] as const) {
      const answer = await exchange(
        lines(`GET ${path} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${org.token}`, 'Connection: close'),
      );
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
      expect(answer).toMatch(/content-length: [1-9]/i);
    }
  });

  it('nothing asks browsers for TLS that is not there, and nothing may run', async () => {
    const { headers } = await world.call(null, 'GET', '/healthz');
    expect(headers['strict-transport-security']).toBeUndefined();
    expect(headers['content-security-policy']).toBe(
      "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
    );
    const secure = await World.create({ env: { PUBLIC_URL: 'https://phones.example' } });
    const { headers: overTls } = await secure.call(null, 'GET', '/healthz');
    expect(overTls['strict-transport-security']).toBe('max-age=31536000');
    await secure.stop();
  });

  it('a trailing slash and a doubled header change nothing they should not', async () => {
    expect((await world.call(org, 'GET', '/v1/phones/all/')).status).toBe(200);
    const phone = await world.phone(org);
    const answer = await exchange(
      lines(
        'GET /v1/phones HTTP/1.1',
        'Host: x',
        `Authorization: Bearer ${org.token}`,
        `x-phone: ${phone.phoneId}`,
        `x-phone: ${phone.phoneId}`,
        'Connection: close',
      ),
    );
    expect(parse(answer)).toMatchObject({ status: 422, body: { message: 'Invalid Header: {x-phone}' } });
  });
});

describe('closing', () => {
  it('finishes what is in flight and takes nothing new', async () => {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked: () => void = () => {};
    const inFlight = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const closing = await World.create({
      deps: {
        ready: async () => {
          asked();
          await held;
        },
      },
    });
    await closing.app.listen({ host: '127.0.0.1', port: 0 });
    const url = `http://127.0.0.1:${(closing.app.server.address() as AddressInfo).port}`;
    const answer = fetch(`${url}/readyz`);
    await inFlight;
    const closed = closing.stop();
    await expect
      .poll(() =>
        fetch(`${url}/healthz`).then(
          (r) => r.status,
          () => 'refused',
        ),
      )
      .toBe('refused');
    release();
    expect((await answer).status).toBe(200);
    await closed;
  });
});
