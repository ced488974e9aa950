import type { Log, LogFields } from '@trunkline/core';
import { initAuthCreds } from 'baileys';
import { beforeEach, expect, test } from 'vitest';
import { libraryLog, mask } from './library-log.js';

const lines: string[] = [];
const record = (message: string, fields?: LogFields): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
const log: Log = { debug: record, info: record, warn: record, error: record, child: () => log };

beforeEach(() => {
  lines.length = 0;
});

test('of warnings and errors the text and harmless fields pass, of everything else nothing', () => {
  const adapter = libraryLog(log);
  const creds = initAuthCreds();
  adapter.info({ creds }, 'connected to WA');
  adapter.debug({ creds }, 'x');
  adapter.trace({ creds }, 'x');
  adapter
    .child({ creds })
    .error({ err: new Error('boom'), creds, node: 'secret text', msgId: 'M1' }, 'unexpected error');
  adapter.warn('timed out waiting for message');
  expect(lines).toEqual([
    'whatsapp library: unexpected error {"error":"boom","msgId":"M1"}',
    'whatsapp library: timed out waiting for message {}',
  ]);
  expect(adapter.level).toBe('warn');
});

test('keys in texts and error messages are masked, in any spelling', () => {
  const { signedIdentityKey } = initAuthCreds();
  const key = Buffer.from(signedIdentityKey.private);
  const adapter = libraryLog(log);
  for (const text of [
    key.toString('base64'),
    key.toString('hex'),
    key.toString('base64url'),
    [...key].join(', '),
    [...key].join(','),
  ]) {
    adapter.error({ err: new Error(`failed with ${text}`) }, `could not use ${text}`);
  }
  for (const line of lines) {
    expect(line).toContain('[masked]');
    expect(line).not.toContain(key.toString('base64').slice(4, 20));
    expect(line).not.toContain(key.toString('hex').slice(4, 20));
    expect(line).not.toContain([...key].slice(4, 9).join(','));
    expect(line).not.toContain([...key].slice(4, 9).join(', '));
  }
  expect(mask('pre-key 12 of 812 uploaded')).toBe('pre-key 12 of 812 uploaded');
});
