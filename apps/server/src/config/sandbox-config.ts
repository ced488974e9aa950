import { resolve } from 'node:path';
import { isLoopbackHost } from './address-text.js';
import type { EnvReader } from './env.js';
import { isBase64Of32Bytes } from './key-config.js';

export interface SandboxConfig {
  readonly enabled: boolean;
  /** Null = our own sandbox. */
  readonly elsewhere: { readonly url: string; readonly rootBase64: string; readonly caPath: string | null } | null;
}

export function readSandbox(env: EnvReader): SandboxConfig {
  const enabled = env.choice('TRUNKLINE_SANDBOX', ['on', 'off'], 'on') === 'on';
  const url = env.url('TRUNKLINE_SANDBOX_URL', ['ws:', 'wss:']);
  const rootBase64 = env.text('TRUNKLINE_SANDBOX_ROOT');
  const caPath = env.text('TRUNKLINE_SANDBOX_CA');
  if (url !== null && !isLoopbackHost(url.hostname)) {
    env.wrong('TRUNKLINE_SANDBOX_URL must be on this machine (127.0.0.1, ::1 or localhost).', null);
  }
  if (rootBase64 !== null && !isBase64Of32Bytes(rootBase64)) {
    env.wrong('TRUNKLINE_SANDBOX_ROOT must be base64 of exactly 32 bytes.', null);
  }
  if ((url === null) !== (rootBase64 === null)) {
    env.wrong(
      'Set TRUNKLINE_SANDBOX_URL and TRUNKLINE_SANDBOX_ROOT together, or neither for the built-in sandbox.',
      null,
    );
  }
  if (url === null || rootBase64 === null) return { enabled, elsewhere: null };
  return { enabled, elsewhere: { url: url.href, rootBase64, caPath: caPath === null ? null : resolve(caPath) } };
}
