import type { Clock, Lease, Log } from '@trunkline/core';
import { Invalid, systemClock } from '@trunkline/core';

export interface BaileysEngineOptions {
  /** Where the phone of a lease connects. Only loopback addresses; absent means WhatsApp. */
  readonly socketUrl?: (lease: Lease) => string;
  /** The 32-byte root that signs the sandbox. Process-wide, therefore refused without `socketUrl`. */
  readonly trustedRoot?: Uint8Array;
  readonly webVersion?: readonly [number, number, number];
  readonly log: Log;
  readonly clock?: Clock;
  /** Neither open nor a pairing offer after this time: the attempt ends. */
  readonly connectTimeoutMs?: number;
  readonly keepAliveMs?: number;
  /** No decoded frame for this long: the socket is dead although nobody said so. */
  readonly halfOpenMs?: number;
  /** Stanzas wait and none was finished for this long: a handler or the store is wedged. */
  readonly deafMs?: number;
  /** Life of every QR code. Absent: WhatsApp's 60 s for the first and 20 s for each that follows. */
  readonly qrTimeoutMs?: number;
}

export interface EngineSettings {
  readonly socketUrl: ((lease: Lease) => string) | null;
  readonly webVersion: readonly [number, number, number] | null;
  readonly log: Log;
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly halfOpenMs: number;
  readonly deafMs: number;
  readonly firstQrMs: number;
  readonly nextQrMs: number;
}

/** Fills in the defaults and refuses settings that would break a promise. */
export function settingsOf(options: BaileysEngineOptions): EngineSettings {
  if (options.trustedRoot !== undefined && options.socketUrl === undefined) {
    throw new Invalid('a trusted root of its own is only for the sandbox: give socketUrl too, or leave both out');
  }
  const settings: EngineSettings = {
    socketUrl: options.socketUrl ?? null,
    webVersion: options.webVersion ?? null,
    log: options.log,
    clock: options.clock ?? systemClock,
    connectTimeoutMs: options.connectTimeoutMs ?? 45_000,
    keepAliveMs: options.keepAliveMs ?? 25_000,
    halfOpenMs: options.halfOpenMs ?? 60_000,
    deafMs: options.deafMs ?? 110_000,
    firstQrMs: options.qrTimeoutMs ?? 60_000,
    nextQrMs: options.qrTimeoutMs ?? 20_000,
  };
  if (settings.halfOpenMs <= settings.keepAliveMs) {
    throw new Invalid('halfOpenMs must be longer than keepAliveMs, or a quiet phone looks dead between two pings');
  }
  return settings;
}

/** The address to connect to, or null for WhatsApp. Anything but loopback is refused: it would carry real credentials. */
export function socketUrlOf(settings: EngineSettings, lease: Lease): URL | null {
  if (settings.socketUrl === null) return null;
  const url = new URL(settings.socketUrl(lease));
  if (!isLoopback(url.hostname)) {
    throw new Invalid(`the sandbox must be on a loopback address, not ${url.hostname}`);
  }
  return url;
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
