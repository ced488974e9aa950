import { isAddressOrRange, isWildcardHost } from './address-text.js';
import type { EnvReader } from './env.js';

export interface HttpConfig {
  readonly host: string;
  readonly port: number;
  /** Without a slash at the end. */
  readonly publicUrl: string;
  /** Addresses whose X-Forwarded-For is believed. */
  readonly trustProxy: readonly string[];
}

export function readHttp(env: EnvReader): HttpConfig {
  const host = env.text('HOST') ?? '127.0.0.1';
  const port = env.integer('PORT', 8080, 0, 65_535);
  const url = env.url('PUBLIC_URL', ['http:', 'https:']);
  if (url !== null && (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')) {
    env.wrong('PUBLIC_URL must be only a protocol, a host, a port and a path.', null);
  }
  if (isWildcardHost(host) && url?.protocol !== 'https:') {
    env.warn(`HOST=${host} offers the API to every network without encryption. Put TLS in front and set PUBLIC_URL.`);
  }
  const trustProxy = env.items('TRUNKLINE_TRUST_PROXY');
  for (const item of trustProxy) {
    if (!isAddressOrRange(item)) {
      env.wrong(
        `TRUNKLINE_TRUST_PROXY must list addresses or CIDR ranges, and ${JSON.stringify(item)} is neither.`,
        null,
      );
    }
  }
  return { host, port, publicUrl: (url?.href ?? `http://localhost:${port}`).replace(/\/+$/, ''), trustProxy };
}
