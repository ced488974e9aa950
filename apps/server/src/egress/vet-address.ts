import ipaddr from 'ipaddr.js';

/**
 * Public addresses that belong to the host's own cloud: its metadata service answers there although the range is not
 * reserved. The usual metadata addresses are link-local, shared or unique-local and need no entry.
 */
const CLOUD_INSIDE = ['168.63.129.16/32'].map((range) => ipaddr.parseCIDR(range));
const NAT64 = ipaddr.parseCIDR('64:ff9b::/96');

/**
 * Whether an address is on the public internet. Refused is everything with a special range, all of ::/8 (IPv4-mapped,
 * IPv4-compatible, translated), everything outside 2000::/3, and tunnels to an IPv4 address (6to4, Teredo, ISATAP). The
 * one translation that is followed is NAT64, whose embedded address is judged in its place.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address instanceof ipaddr.IPv4) return isPublicIpv4(address);
  const bytes = address.toByteArray();
  if (address.match(NAT64[0] as ipaddr.IPv6, NAT64[1])) return isPublicIpv4(new ipaddr.IPv4(bytes.slice(12)));
  const first = bytes[0] ?? 0;
  return first >= 0x20 && first <= 0x3f && address.range() === 'unicast' && !isIsatap(bytes);
}

function isPublicIpv4(address: ipaddr.IPv4): boolean {
  return address.range() === 'unicast' && !CLOUD_INSIDE.some((range) => matches(address, range));
}

/** `0000:5efe` or `0200:5efe` before the last four bytes: a tunnel to the IPv4 address in them. */
function isIsatap(bytes: readonly number[]): boolean {
  const [a, b, c, d] = bytes.slice(8, 12);
  return (a === 0 || a === 2) && b === 0 && c === 0x5e && d === 0xfe;
}

function matches(address: ipaddr.IPv4 | ipaddr.IPv6, [range, bits]: [ipaddr.IPv4 | ipaddr.IPv6, number]): boolean {
  return address.kind() === range.kind() && address.match(range, bits);
}

/** What the operator allows although it is not public: addresses, ranges and host names. */
export class EgressAllowList {
  readonly #ranges: [ipaddr.IPv4 | ipaddr.IPv6, number][] = [];
  readonly #hosts = new Set<string>();

  constructor(items: readonly string[]) {
    for (const item of items) {
      if (item.includes('/')) this.#ranges.push(ipaddr.parseCIDR(item));
      else if (ipaddr.isValid(item)) this.#ranges.push(single(ipaddr.parse(item)));
      else this.#hosts.add(bareHost(item));
    }
  }

  hasHost(host: string): boolean {
    return this.#hosts.has(bareHost(host));
  }

  hasAddress(text: string): boolean {
    if (!ipaddr.isValid(text)) return false;
    const address = ipaddr.parse(text);
    return this.#ranges.some((range) => matches(address, range));
  }
}

function single(address: ipaddr.IPv4 | ipaddr.IPv6): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/** Lower case, without brackets and without the dot of a fully qualified name. */
export function bareHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}
