import { silentLog } from '@trunkline/testkit';
import { makeEventBuffer } from 'baileys';
import { expect, test } from 'vitest';
import { libraryLog } from '../library-log.js';
import { completeCredentials, tapEvents } from './tap-events.js';

const events = () => makeEventBuffer(libraryLog(silentLog));

test('what the library holds back is heard at once, and held back for nobody', () => {
  const ev = events();
  const heard: string[] = [];
  tapEvents(ev, { 'contacts.update': (contacts) => heard.push(...contacts.map(({ id }) => id ?? '')) });
  ev.on('contacts.update', () => heard.push('through the buffer'));
  ev.buffer();
  ev.emit('contacts.update', [{ id: 'a' }]);
  expect(heard).toEqual(['a']);
  ev.flush();
  expect(heard).toEqual(['a']);
  ev.destroy();
});

test('everything else passes', () => {
  const ev = events();
  tapEvents(ev, {});
  const updates: unknown[] = [];
  ev.on('connection.update', (update) => updates.push(update));
  ev.emit('connection.update', { connection: 'open' });
  expect(updates).toEqual([{ connection: 'open' }]);
  ev.destroy();
});

test('a change of credentials always names the account, or the library takes the name for changed', () => {
  const ev = events();
  const updates: unknown[] = [];
  const me = { id: '1@s.whatsapp.net', name: 'Asha' };
  completeCredentials(ev, () => me);
  ev.on('creds.update', (update) => updates.push(update));
  ev.emit('creds.update', { accountSyncCounter: 1 });
  ev.emit('creds.update', { me: { id: me.id, name: 'Bilal' } });
  expect(updates).toEqual([{ accountSyncCounter: 1, me }, { me: { id: me.id, name: 'Bilal' } }]);
  ev.destroy();
});
