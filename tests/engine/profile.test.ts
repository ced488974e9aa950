import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineRefused } from '@trunkline/core';
import { expect, test } from 'vitest';
import { engineWorld } from './engine-world.js';

const world = engineWorld();

/** The smallest thing that looks like a JPEG. */
const jpeg = (mark: string): string =>
  Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.from(mark)]).toString('base64');

async function child(task: object): Promise<{ learned: unknown; afterwards: unknown }> {
  const directory = await mkdtemp(join(tmpdir(), 'engine-profile-'));
  const authority = join(directory, 'ca.pem');
  await writeFile(authority, world.network.ca);
  const script = new URL('./profile-child.ts', import.meta.url).pathname;
  const running = spawn(process.execPath, ['--import', 'tsx', '--conditions=source', script], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: authority },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const printed: Buffer[] = [];
  const complained: Buffer[] = [];
  running.stdout.on('data', (part: Buffer) => printed.push(part));
  running.stderr.on('data', (part: Buffer) => complained.push(part));
  running.stdin.end(`${JSON.stringify(task)}\n`);
  const [code] = await once(running, 'exit');
  await rm(directory, { recursive: true });
  if (code !== 0) throw new Error(`the child ended with ${code}: ${Buffer.concat(complained).toString()}`);
  return JSON.parse(Buffer.concat(printed).toString());
}

test('name and picture are learned, changed on WhatsApp, and read back', async () => {
  const handset = await world.person('Asha');
  await world.changeProfile(handset.number, { image: `data:image/jpeg;base64,${jpeg('first')}` });
  const image = jpeg('second');
  const name = 'Asha of Trunkline';
  const { learned, afterwards } = await child({ ...world.address, number: handset.number, name, image });
  expect(learned).toEqual({ image: jpeg('first'), name: 'Asha' });
  expect(afterwards).toEqual({ name, pictures: 0 });
  expect(await world.control.handset(handset.number)).toMatchObject({ name, image: `data:image/jpeg;base64,${image}` });
});

test('a phone that is not connected refuses changes without touching the wire', async () => {
  const { phone } = await world.linked('Bilal');
  await phone.session?.close();
  await expect(phone.session?.setProfileName('x')).rejects.toMatchObject({ stage: 'before-wire' });
  await expect(phone.session?.setProfileImage(new Uint8Array())).rejects.toBeInstanceOf(EngineRefused);
});
