import { createRequire } from 'node:module';
import { afterAll, expect, test } from 'vitest';
import { consoleLinesDropped, prepareProcess } from '../prepare.js';

const printed: string[] = [];
const original = console.info;
console.info = (...args: unknown[]) => void printed.push(args.map(String).join(' '));
prepareProcess();
afterAll(() => {
  console.info = original;
});

test('what libsignal prints about a closing session is dropped, our own lines pass', () => {
  // The record is the part of libsignal that prints private ratchet keys.
  const SessionRecord: unknown = createRequire(import.meta.url)('libsignal/src/session_record.js');
  if (typeof SessionRecord !== 'function') throw new Error('libsignal changed its session record');
  const record: unknown = Reflect.construct(SessionRecord, []);
  const close: unknown = typeof record === 'object' && record !== null ? Reflect.get(record, 'closeSession') : null;
  if (typeof close !== 'function') throw new Error('libsignal changed its session record');
  const before = consoleLinesDropped();
  Reflect.apply(close, record, [{ rootKey: 'secret root key', indexInfo: { closed: -1 } }]);
  console.info('our own line');
  expect(consoleLinesDropped()).toBe(before + 1);
  expect(printed).toEqual(['our own line']);
});
