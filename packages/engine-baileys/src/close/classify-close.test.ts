import type { EngineClose } from '@trunkline/core';
import type { BinaryNode } from 'baileys';
import { describe, expect, test } from 'vitest';
import { closeOfFailure, closeOfLibraryEnd, closeOfStreamError, type SocketStage } from './classify-close.js';

const node = (tag: string, attrs: Record<string, string>, content?: BinaryNode[]): BinaryNode =>
  content === undefined ? { tag, attrs } : { tag, attrs, content };

describe('a refused login', () => {
  test.each(['400', '401', '402', '403', '405', '406', '409', '415', '418', '500', '501', '503'])('%s', (reason) => {
    const attrs = { reason, expire: '3600', code: '101' };
    expect(closeOfFailure(node('failure', attrs))).toEqual({ source: 'failure', code: Number(reason), attrs });
  });

  test('without a number it is server trouble, never a logout', () => {
    expect(closeOfFailure(node('failure', {}))).toMatchObject({ code: 500 });
    expect(closeOfFailure(node('failure', { reason: 'odd' }))).toMatchObject({ code: 500 });
  });
});

describe('an ended stream', () => {
  const conflict = (type: string): BinaryNode[] => [node('conflict', { type })];
  test.each<[BinaryNode, Partial<EngineClose>]>([
    [node('stream:error', { code: '515' }), { code: 515, conflict: null, child: null }],
    [node('stream:error', { code: '516' }), { code: 516 }],
    [node('stream:error', { code: '503' }), { code: 503 }],
    [node('stream:error', {}, conflict('replaced')), { code: null, conflict: 'replaced', child: 'conflict' }],
    [node('stream:error', { code: '401' }, conflict('device_removed')), { code: 401, conflict: 'device_removed' }],
    [node('stream:error', {}, conflict('device_removed')), { code: null, conflict: 'device_removed' }],
    [node('stream:error', {}, conflict('new kind')), { conflict: null, child: 'conflict' }],
    [node('stream:error', {}, [node('ack', {})]), { code: null, child: 'ack' }],
    [node('stream:error', {}, [node('xml-not-well-formed', {})]), { code: null, child: 'xml-not-well-formed' }],
  ])('%o', (stanza, close) => {
    expect(closeOfStreamError(stanza)).toMatchObject({ source: 'stream-error', ...close });
  });
});

describe('an end by the library itself', () => {
  test.each<[string, SocketStage, EngineClose['source']]>([
    ['noise certificate signature invalid', 'handshake', 'untrusted-server'],
    ['noise intermediate certificate signature invalid', 'handshake', 'untrusted-server'],
    ['invalid noise leaf certificate', 'handshake', 'untrusted-server'],
    ['certification match failed', 'handshake', 'untrusted-server'],
    ['WebSocket Error (connect ECONNREFUSED 127.0.0.1:1)', 'connecting', 'network'],
    ['WebSocket Error (getaddrinfo ENOTFOUND web.whatsapp.com)', 'connecting', 'network'],
    ['WebSocket Error (self-signed certificate)', 'connecting', 'network'],
    ['WebSocket Error (Opening handshake has timed out)', 'connecting', 'network'],
    ['WebSocket Error (Unexpected server response: 401)', 'connecting', 'network'],
    ['WebSocket Error (read ECONNRESET)', 'handshake', 'network'],
    ['WebSocket Error (read ECONNRESET)', 'transport', 'connection-ended'],
    ['Connection Terminated', 'transport', 'connection-ended'],
    ['Connection Terminated by Server', 'transport', 'connection-ended'],
    ['Connection Terminated', 'connecting', 'network'],
    ['Connection Closed', 'transport', 'connection-ended'],
    ['Connection was lost', 'transport', 'half-open'],
    ['Timed Out', 'handshake', 'network'],
    ['QR refs attempts ended', 'transport', 'pairing-ended'],
    ['Multi-device beta not joined', 'transport', 'not-multidevice'],
    ['Unsupported state or unable to authenticate data', 'transport', 'bad-frame'],
    ["Cannot read properties of undefined (reading 'ephemeral')", 'handshake', 'bad-frame'],
    ['Cannot proceed: socket is not authenticated yet (creds.me.id is missing)', 'transport', 'engine-fault'],
  ])('%s while %s is %s', (message, stage, source) => {
    expect(closeOfLibraryEnd(new Error(message), stage).source).toBe(source);
  });

  test('without an error it is a fault of ours', () => {
    expect(closeOfLibraryEnd(undefined, 'transport').source).toBe('engine-fault');
  });
});
