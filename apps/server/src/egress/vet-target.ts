import { isIP } from 'node:net';
import { EgressRefused } from './egress-refused.js';
import { bareHost, type EgressAllowList, isPublicAddress } from './vet-address.js';

export type Resolve = (host: string) => Promise<readonly string[]>;

/** Services that answer to bytes of an HTTP request and never are a web server. Below 1024 only 80 and 443 pass. */
const NEVER_WEB = new Set([
  1719, 1720, 1723, 2049, 2375, 2376, 3306, 3659, 4045, 4190, 5060, 5061, 5432, 5900, 6000, 6379, 6566, 6665, 6666,
  6667, 6668, 6669, 6679, 6697, 9200, 10080, 11211, 27017,
]);
const MOST_URL = 2_048;

/** Reads a URL that somebody gave us, and refuses what no address could make good. */
export function vetUrl(text: string, allow: EgressAllowList): URL {
  if (text.length > MOST_URL || !URL.canParse(text)) throw refuse('The URL cannot be read.');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('The URL must start with https://.');
  if (url.username !== '' || url.password !== '') throw refuse('The URL must not hold a user name or password.');
  if (!isPortFine(url) && !isAllowed(url, allow)) throw refuse('The port of the URL is not one of a web server.');
  return url;
}

/**
 * The addresses to which a connection to this target may go, all of them checked: a connection uses only these, so
 * a second answer of the DNS has no effect. One address that is not public spoils the whole name.
 */
export async function vetTarget(
  target: { host: string; protocol: string },
  deps: { resolve: Resolve; allow: EgressAllowList },
): Promise<readonly string[]> {
  const host = bareHost(target.host);
  const { allow } = deps;
  const hostAllowed = allow.hasHost(host);
  const addresses = isIP(host) === 0 ? await lookUp(host, deps.resolve) : [host];
  for (const address of addresses) {
    const allowed = hostAllowed || allow.hasAddress(address);
    if (!allowed && !isPublicAddress(address)) throw refuse('The URL does not lead to a public address.');
    if (!allowed && target.protocol !== 'https:') throw refuse('The URL must start with https://.');
  }
  return addresses;
}

async function lookUp(host: string, resolve: Resolve): Promise<readonly string[]> {
  let addresses: readonly string[] = [];
  try {
    addresses = await resolve(host);
  } catch {
    // Which way the name failed is nobody's business: it would tell about our own DNS.
  }
  if (addresses.length === 0) throw new EgressRefused('The host of the URL cannot be found.', 'network');
  return addresses;
}

function isPortFine(url: URL): boolean {
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  return port === 80 || port === 443 || (port >= 1024 && !NEVER_WEB.has(port));
}

function isAllowed(url: URL, allow: EgressAllowList): boolean {
  return allow.hasHost(url.hostname) || allow.hasAddress(bareHost(url.hostname));
}

function refuse(message: string): EgressRefused {
  return new EgressRefused(message, 'target');
}
