import type { LinkedIdentity, PhoneNumber } from '@trunkline/core';
import { describe, expect, test } from 'vitest';
import { until } from '../sandbox/until.js';
import { engineWorld } from './engine-world.js';

const world = engineWorld();

describe('pairing by QR', () => {
  test('a scan links the phone, and the credentials log in from then on', async () => {
    const handset = await world.person('Asha');
    const phone = world.phone();
    const judged: LinkedIdentity[] = [];
    phone.verdict = (identity) => {
      judged.push(identity);
      expect(phone.store.writes).toEqual([]);
      return { accept: true };
    };
    phone.open('pair');
    const offer = await phone.fact('qr-offered');
    expect(offer.expiresAt.getTime()).toBeGreaterThan(Date.now());
    await world.control.scan(handset.number, offer.qrCode);
    expect(await phone.closed()).toEqual({ source: 'stream-error', code: 515, conflict: null, child: null });
    expect(phone.all('paired').map(({ identity }) => identity)).toEqual(judged);
    expect(judged).toEqual([expect.objectContaining({ number: handset.number, device: 1, isBusiness: false })]);
    expect(phone.facts.map(({ kind }) => kind)).toEqual(['qr-offered', 'paired', 'closed']);
    const stored = phone.store.writes[0];
    expect(stored?.credentials).toBeDefined();
    await phone.login();
    const kinds = phone.facts.map(({ kind }) => kind);
    expect(kinds.indexOf('opened')).toBeLessThan(kinds.indexOf('drained'));
    expect((await world.control.handset(handset.number)).linked_devices).toEqual([
      expect.objectContaining({ connected: true }),
    ]);
    await phone.session?.close();
    await phone.login();
  });

  test('codes rotate, each with its expiry, and the pairing ends when none is left', async () => {
    const phone = world.phone({ qrTimeoutMs: 40 });
    phone.open('pair');
    expect(await phone.closed()).toEqual({ source: 'pairing-ended' });
    const codes = phone.all('qr-offered').map(({ qrCode }) => qrCode);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.length).toBeGreaterThanOrEqual(5);
    expect(phone.store.writes).toEqual([]);
  });

  test('a pairing that we refuse stores nothing and leaves no device on the handset', async () => {
    const handset = await world.person('Bilal');
    const phone = world.phone();
    phone.verdict = () => ({ accept: false, reason: 'another number' });
    phone.open('pair');
    await world.control.scan(handset.number, (await phone.fact('qr-offered')).qrCode).catch(() => {});
    expect(await phone.closed()).toEqual({ source: 'ours', unlinked: false });
    expect(phone.all('paired')).toEqual([]);
    expect(phone.store.writes).toEqual([]);
    await until('the handset to forget the device', async () => {
      const { linked_devices } = await world.control.handset(handset.number);
      return linked_devices.length === 0;
    });
  });

  test('credentials that cannot be stored link nothing', async () => {
    const handset = await world.person('Chitra');
    const phone = world.phone();
    phone.store.isFenced = true;
    phone.open('pair');
    await world.control.scan(handset.number, (await phone.fact('qr-offered')).qrCode).catch(() => {});
    expect(await phone.closed()).toMatchObject({ source: 'engine-fault' });
    expect(phone.all('paired')).toEqual([]);
  });

  test('a login without credentials ends at once', async () => {
    const phone = world.phone();
    phone.open('login');
    expect(await phone.closed()).toMatchObject({ source: 'engine-fault' });
  });
});

describe('pairing by code', () => {
  const numberOf = (text: string): PhoneNumber => text as PhoneNumber;

  test('the typed code links the phone', async () => {
    const handset = await world.person('Dev');
    const phone = world.phone();
    const session = phone.open('pair');
    await phone.fact('qr-offered');
    const { code, expiresAt } = await session.requestPairingCode(numberOf(handset.number));
    expect(code).toMatch(/^[1-9A-Z]{8}$/);
    expect(expiresAt.getTime()).toBeGreaterThan(Date.now());
    await world.control.typePairingCode(handset.number, code);
    expect((await phone.fact('paired')).identity.number).toBe(handset.number);
    await phone.closed();
    await phone.login();
  });

  test('a second code replaces the first', async () => {
    const handset = await world.person('Esha');
    const phone = world.phone();
    const session = phone.open('pair');
    await phone.fact('qr-offered');
    const first = await session.requestPairingCode(numberOf(handset.number));
    const second = await session.requestPairingCode(numberOf(handset.number));
    expect(second.code).not.toBe(first.code);
    await world.control.typePairingCode(handset.number, second.code);
    await phone.fact('paired');
  });

  test('a phone that does not pair has no code', async () => {
    const { phone } = await world.linked('Farid');
    await expect(phone.session?.requestPairingCode(numberOf('999000111222'))).rejects.toThrow('not pairing');
  });
});
