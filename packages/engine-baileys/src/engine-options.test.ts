import type { Lease } from '@trunkline/core';
import { silentLog } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { createBaileysEngine } from './baileys-engine.js';
import { settingsOf, socketUrlOf } from './engine-options.js';

const lease: Lease = { phoneId: 'p', orgId: 'o', nodeId: 'n', epoch: 1 };

test.each(['ws://127.0.0.1:1/ws/chat', 'ws://localhost:9', 'ws://[::1]:9', 'ws://127.9.9.9'])(
  '%s is the sandbox',
  (url) => {
    expect(socketUrlOf(settingsOf({ log: silentLog, socketUrl: () => url }), lease)?.href).toContain('ws://');
  },
);

test.each(['wss://example.org', 'ws://10.0.0.1', 'ws://127.0.0.1.example.org', 'ws://0.0.0.0'])(
  '%s is refused',
  (url) => {
    expect(() => socketUrlOf(settingsOf({ log: silentLog, socketUrl: () => url }), lease)).toThrow('loopback');
  },
);

test('a trusted root needs an address of its own, and a process trusts one network for good', () => {
  const socketUrl = (): string => 'ws://127.0.0.1:1';
  expect(() => createBaileysEngine({ log: silentLog, trustedRoot: Buffer.alloc(32, 1) })).toThrow(
    'only for the sandbox',
  );
  expect(() => createBaileysEngine({ log: silentLog, trustedRoot: Buffer.alloc(5), socketUrl })).toThrow('32 bytes');
  createBaileysEngine({ log: silentLog, trustedRoot: Buffer.alloc(32, 1), socketUrl });
  createBaileysEngine({ log: silentLog, trustedRoot: Buffer.alloc(32, 1), socketUrl });
  expect(() => createBaileysEngine({ log: silentLog, trustedRoot: Buffer.alloc(32, 2), socketUrl })).toThrow(
    'another network',
  );
  expect(() => createBaileysEngine({ log: silentLog })).toThrow('another network');
});

test('limits that would end healthy phones are refused', () => {
  expect(() => settingsOf({ log: silentLog, keepAliveMs: 60_000, halfOpenMs: 60_000 })).toThrow('halfOpenMs');
});
