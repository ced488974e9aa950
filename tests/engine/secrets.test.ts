import type { Log, LogFields } from '@trunkline/core';
import { expect, test } from 'vitest';
import { until } from '../sandbox/until.js';
import { EngineWorld } from './engine-world.js';

const lines: string[] = [];
const record = (message: string, fields?: LogFields): void =>
  void lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
const log: Log = { debug: record, info: record, warn: record, error: record, child: () => log };

/** Everything that a process prints, whoever prints it. */
function listen(): () => string {
  const printed: string[] = [];
  const streams = [process.stdout, process.stderr];
  const originals = streams.map((stream) => stream.write.bind(stream));
  for (const stream of streams) {
    Reflect.set(stream, 'write', (chunk: unknown) => {
      printed.push(String(chunk));
      return true;
    });
  }
  return () => {
    for (const [index, stream] of streams.entries()) Reflect.set(stream, 'write', originals[index]);
    return printed.join('');
  };
}

test('no fault brings key material into a log or onto the console', async () => {
  const world = new EngineWorld({ log });
  await world.start();
  const silence = listen();
  const secrets: Uint8Array[] = [];
  const { handset, phone } = await world.linked('Asha');
  const friend = await world.person('Bilal');
  await world.control.write(friend.number, handset.number, 'a private text');
  await phone.arrives('a private text');
  secrets.push(...[...phone.store.keys.values()].flatMap((rows) => [...rows.values()]));
  secrets.push(...privateParts(phone.store.credentials));
  await phone.session?.close();
  phone.store.keys.delete('session');
  phone.store.keys.delete('pre-key');
  await phone.login();
  await world.control.write(friend.number, handset.number, 'undecryptable at first');
  await phone.arrives('undecryptable at first');
  for (const fault of [
    { kind: 'bad_frame', variant: 'bad_gcm' },
    { kind: 'stream_error', code: 503 },
  ]) {
    await world.control.fault({ target: handset.number, times: 1, ...fault });
    await phone.closed();
    await phone.login();
  }
  phone.store.isFenced = true;
  await world.control.write(friend.number, handset.number, 'not stored');
  await phone.closed();
  phone.store.isFenced = false;
  await phone.login();
  await until('the log to have said something', () => lines.length > 0);
  await world.control.unlink(handset.number);
  await phone.closed();
  await world.stop();
  const said = `${silence()}\n${lines.join('\n')}`;
  for (const secret of secrets) for (const spelling of spellings(secret)) expect(said).not.toContain(spelling);
  expect(said).not.toContain('a private text');
});

function privateParts(credentials: Uint8Array | null): Uint8Array[] {
  const found: Uint8Array[] = [];
  JSON.parse(Buffer.from(credentials ?? []).toString(), (name, value: unknown) => {
    const data: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'data') : value;
    if ((name === 'private' || name === 'advSecretKey') && typeof data === 'string')
      found.push(Buffer.from(data, 'base64'));
    return value;
  });
  expect(found.length).toBeGreaterThanOrEqual(5);
  return found;
}

/** Parts of a secret long enough to be no accident, as the ways of printing bytes would show them. */
function spellings(secret: Uint8Array): string[] {
  if (secret.length < 24) return [];
  const part = Buffer.from(secret.subarray(3, 15));
  return [
    part.toString('hex'),
    part.toString('base64'),
    part.toString('base64url'),
    [...part].join(','),
    [...part].join(', '),
  ];
}
