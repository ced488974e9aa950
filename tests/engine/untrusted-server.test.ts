import { expect, test } from 'vitest';
import { EnginePhone, sandboxEngine } from './engine-phone.js';
import { engineWorld } from './engine-world.js';

const world = engineWorld();

test('a server with a chain from another root gets no credentials and is named for what it is', async () => {
  const root = Buffer.alloc(32, 9).toString('base64');
  const phone = new EnginePhone(sandboxEngine({ ...world.network, root }, world.control.orgId));
  phone.open('pair');
  expect(await phone.closed()).toEqual({ source: 'untrusted-server' });
  expect(phone.all('qr-offered')).toEqual([]);
});
