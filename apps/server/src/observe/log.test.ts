import { describe, expect, it } from 'vitest';
import { createLog } from './log.js';

function collect(level = 'debug') {
  const lines: string[] = [];
  const log = createLog({ level, destination: { write: (line) => void lines.push(line) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

const TOKEN = `tl_${'a1B2'.repeat(12)}c`;
const QR = `2@${'aB3/'.repeat(40)},${'x9'.repeat(30)}`;

describe('the log', () => {
  it('writes one JSON line with level, time, fields and a message', () => {
    const { log, last } = collect();
    log.child({ node_id: 'n1' }).info('phone opened', { phone_id: 'phone-a', took_ms: 12, at: new Date(0) });
    expect(last()).toMatchObject({
      level: 'info',
      node_id: 'n1',
      phone_id: 'phone-a',
      took_ms: 12,
      at: '1970-01-01T00:00:00.000Z',
      msg: 'phone opened',
    });
    expect(last().time).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('keeps quiet below its level', () => {
    const { log, lines } = collect('warn');
    log.info('nothing');
    log.debug('nothing');
    expect(lines).toEqual([]);
  });

  it.each([
    { authorization: `Bearer ${TOKEN}` },
    { headers: { Authorization: `Bearer ${TOKEN}` } },
    { a: { b: { c: { api_key: TOKEN } } } },
    { list: [{ qr_code: QR }, { qrCode: QR }] },
    { note: `somebody pasted ${TOKEN} here` },
    { note: `header was Bearer ${TOKEN}` },
    { note: `the code is ${QR}` },
    { url: `postgres://user:${TOKEN}@db/trunkline` },
    { err: new Error(`could not use ${TOKEN}`) },
    { err: Object.assign(new Error('failed'), { creds: TOKEN, cause: new Error(TOKEN) }) },
    { masterKey: TOKEN, secretAccessKey: TOKEN, keys: { a: TOKEN }, password: TOKEN },
    { bytes: Buffer.from(TOKEN) },
  ])('hides secrets in fields %#', (fields) => {
    const { log, lines } = collect();
    log.error('something', fields);
    log.child(fields).info('something');
    expect(lines).toHaveLength(2);
    for (const secret of [TOKEN, QR, QR.slice(10, 100), Buffer.from(TOKEN).toString('base64')]) {
      expect(lines.join('')).not.toContain(secret);
    }
  });

  it('keeps what helps in an error', () => {
    const { log, last } = collect();
    log.error('failed', { err: Object.assign(new TypeError('no such thing'), { code: 'ENOENT' }) });
    expect(last().err).toMatchObject({ type: 'TypeError', message: 'no such thing', code: 'ENOENT' });
    expect((last().err as { stack: string }).stack).toContain('log.test');
  });

  it('stays bounded and alive with endless and odd fields', () => {
    const { log, lines } = collect();
    const loop: Record<string, unknown> = { big: 1n, huge: 'x y '.repeat(100_000), many: Array(10_000).fill('x') };
    loop.self = loop;
    log.info('odd', loop);
    expect(lines[0]?.length).toBeLessThan(50_000);
  });
});
