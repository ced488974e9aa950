import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Sandbox, startSandbox } from './sandbox.js';
import { BaileysPhone } from './testing/baileys-phone.js';
import { type ControlCall, controlOf, until } from './testing/control-client.js';

const ASHA = '919820000001';
const RAVI = '919820000002';
const ORG = '0b5c1f0e-7a33-4a6e-9b6d-0f3d2f1f4a10';

let directory = '';
let journalPath = '';
const running = new Set<ChildProcess>();
const phones = new Set<BaileysPhone>();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sandbox-'));
  journalPath = join(directory, 'world.journal');
  // libsignal prints whole sessions through this; a test run needs none of it.
  vi.spyOn(console, 'info').mockReturnValue(undefined);
});
afterEach(async () => {
  for (const phone of phones) await phone.close();
  for (const child of running) child.kill('SIGKILL');
  phones.clear();
  running.clear();
  rmSync(directory, { recursive: true });
});

type Running = Pick<Sandbox, 'network' | 'control'> & { child: ChildProcess; call: ControlCall };

/** A sandbox in its own process, on the journal of this test. */
async function start(): Promise<Running> {
  const script = fileURLToPath(new URL('./testing/sandbox-process.ts', import.meta.url));
  const child = fork(script, [journalPath], { execArgv: ['--import', 'tsx', '--conditions=source'] });
  running.add(child);
  const [ready] = await once(child, 'message');
  const { network, control }: Pick<Sandbox, 'network' | 'control'> = ready;
  return { network, control, child, call: controlOf(control, ORG) };
}

async function kill({ child }: Running): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
  running.delete(child);
}

async function linkedPhone({ network, call }: Running): Promise<BaileysPhone> {
  const phone = new BaileysPhone();
  phones.add(phone);
  phone.connect(network);
  const qr = await until('a QR code', () => phone.qr);
  expect((await call('POST', `handsets/${ASHA}/scan`, { qr_code: qr })).status).toBe(200);
  await until('the phone to be open', () => phone.opened > 0);
  return phone;
}

async function handsetTexts(call: ControlCall, number: string): Promise<unknown[]> {
  const { body } = await call('GET', `handsets/${number}/messages`);
  return Array.isArray(body) ? body.map((message: { text: unknown }) => message.text) : [];
}

const hears = (call: ControlCall, number: string, text: string) =>
  until(`${number} to show “${text}”`, async () => (await handsetTexts(call, number)).includes(text));

describe('a phone of the unmodified client library', () => {
  it('links, talks both ways, and needs no new QR after the network was killed', async () => {
    const first = await start();
    await first.call('POST', 'handsets', { number: ASHA, name: 'Asha' });
    await first.call('POST', 'handsets', { number: RAVI, name: 'Ravi' });
    const earlier = await first.call('POST', `handsets/${RAVI}/messages`, { to: ASHA, text: 'before linking' });
    expect(earlier.status).toBe(201);
    await hears(first.call, ASHA, 'before linking');
    const phone = await linkedPhone(first);
    await until('the history', () => phone.historyMessages === 1);
    await first.call('POST', `handsets/${RAVI}/messages`, { to: ASHA, text: 'hello' });
    await until('the greeting', () => phone.texts.includes('hello'));
    await phone.socket.sendMessage(`${RAVI}@s.whatsapp.net`, { text: 'hello yourself' });
    await hears(first.call, RAVI, 'hello yourself');
    await hears(first.call, ASHA, 'hello yourself');

    await phone.close();
    await first.call('POST', `handsets/${RAVI}/messages`, { to: ASHA, text: 'while you were away' });
    await kill(first);
    const second = await start();
    expect(second.network).toEqual(first.network);
    phone.connect(second.network);
    await until('the phone to be open again', () => phone.opened === 2);
    await until('what waited', () => phone.texts.includes('while you were away'));
    await phone.socket.sendMessage(`${RAVI}@s.whatsapp.net`, { text: 'back again' });
    await hears(second.call, RAVI, 'back again');
    await second.call('POST', `handsets/${RAVI}/messages`, { to: ASHA, text: 'welcome back' });
    await until('the answer', () => phone.texts.includes('welcome back'));
    expect(await handsetTexts(second.call, RAVI)).toEqual([
      'before linking',
      'hello',
      'hello yourself',
      'while you were away',
      'back again',
      'welcome back',
    ]);
    const { body } = await second.call('GET', 'stats');
    expect(body.unknown).toEqual([]);
  });

  it('changes its profile, and so does the handset, and each sees it of the other', async () => {
    const sandbox = await start();
    await sandbox.call('POST', 'handsets', { number: ASHA, name: 'Asha' });
    const phone = await linkedPhone(sandbox);
    await until('the shared key', () => phone.creds.myAppStateKeyId);
    await until('the name', () => phone.creds.me?.name === 'Asha');
    await phone.socket.updateProfileName('Asha of the shop');
    await until('the handset to show the name', async () => {
      const { body } = await sandbox.call('GET', `handsets/${ASHA}`);
      return body.name === 'Asha of the shop';
    });
    const image = `data:image/jpeg;base64,${Buffer.from('a picture').toString('base64')}`;
    await sandbox.call('PATCH', `handsets/${ASHA}`, { name: 'Asha again', image });
    await until('the phone to know the new name', () => phone.creds.me?.name === 'Asha again');
    expect(await phone.socket.profilePictureUrl(`${ASHA}@s.whatsapp.net`, 'image')).toMatch(/^https:\/\/127\.0\.0\.1:/);
  });

  it('is told that it was unlinked, and is refused from then on', async () => {
    const sandbox = await start();
    await sandbox.call('POST', 'handsets', { number: ASHA });
    const phone = await linkedPhone(sandbox);
    await sandbox.call('POST', `handsets/${ASHA}/unlink`, {});
    await until('the unlinking', () => phone.lastError === 401);
    phone.lastError = undefined;
    phone.connect(sandbox.network);
    await until('the refusal', () => phone.lastError === 401);
    expect(phone.opened).toBe(1);
  });
});

describe('the sandbox', () => {
  it('listens on loopback only, and on one journal only once', async () => {
    await expect(startSandbox({ host: '0.0.0.0' })).rejects.toThrow('loopback');
    const sandbox = await startSandbox({ journalPath });
    await expect(startSandbox({ journalPath })).rejects.toThrow('Another sandbox');
    await sandbox.stop();
    await sandbox.stop();
    const again = await startSandbox({ journalPath });
    expect(again.network).toEqual(sandbox.network);
    await again.stop();
  });
});
