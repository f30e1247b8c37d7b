import ipaddr from 'ipaddr.js';

/** What an address is, as far as outgoing requests are concerned. */
export type AddressClass =
  /** Link-local or cloud metadata: never requested, whatever the settings say. */
  | 'forbidden'
  /** Not of the public internet: requested only where allowed. */
  | 'private'
  | 'public';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Network = readonly [Address, number];

/**
 * Always refused. Metadata services give out credentials of the machine, so no list may open them by accident.
 * AWS, GCP, Azure, DigitalOcean, Oracle and OpenStack use 169.254.169.254; the others are named.
 */
export const FORBIDDEN_NETWORKS = [
  '169.254.0.0/16', // RFC 3927; metadata of nearly every cloud
  '100.100.100.200/32', // Alibaba Cloud
  '168.63.129.16/32', // Azure's host agent
  '192.0.0.192/32', // Oracle Cloud (classic)
  'fe80::/10', // RFC 4291 link-local
  'fd00:ec2::/32', // AWS: metadata, time, DNS, pod identity
  'fd20:ce::254/128', // GCP
  'fd00:42::42/128', // Scaleway
  'fd00:c1::a9fe:a9fe/128', // Oracle Cloud
] as const;

/** Refused unless allowed: IANA's special-purpose registries (RFC 6890), multicast and broadcast. */
const PRIVATE_NETWORKS = [
  '0.0.0.0/8', // this network; Linux connects it to itself
  '10.0.0.0/8',
  '100.64.0.0/10', // RFC 6598, also Tailscale and some pod networks
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved and broadcast
  '::/128',
  '::1/128',
  '64:ff9b:1::/48', // RFC 8215, local NAT64
  '100::/64', // discard
  '2001:db8::/32',
  '2001::/23', // IETF protocol assignments, Teredo among them
  '3fff::/20', // documentation, RFC 9637
  '5f00::/16', // segment routing
  'fc00::/7', // unique local
  'fec0::/10', // site-local, deprecated
  'ff00::/8', // multicast
] as const;

const FORBIDDEN = FORBIDDEN_NETWORKS.map(parseNetwork);
const PRIVATE = PRIVATE_NETWORKS.map(parseNetwork);

/** Parses `10.0.0.0/8`, `::1` and the like; throws on anything else. */
export function parseNetwork(text: string): Network {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/** The address of a literal in any form `getaddrinfo` gives: a zone id (`fe80::1%eth0`) is dropped. Undefined for host names. */
export function parseAddress(text: string): Address | undefined {
  const zone = text.indexOf('%');
  const bare = zone === -1 ? text : text.slice(0, zone);
  return ipaddr.isValid(bare) ? ipaddr.parse(bare) : undefined;
}

export function inNetwork(address: Address, [network, bits]: Network): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

function ipv4At(bytes: readonly number[], at: number, flip = 0): ipaddr.IPv4 {
  return new ipaddr.IPv4(bytes.slice(at, at + 4).map((byte) => byte ^ flip));
}

function startsWith(bytes: readonly number[], prefix: readonly number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}

const TWELVE_ZEROS: readonly number[] = Array(12).fill(0);

/**
 * The address and every IPv4 address that it may lead to: a translator or tunnel on the way turns the IPv6 form into the IPv4 one, so
 * each of them has to be allowed.
 */
export function reachableAddresses(address: Address): readonly Address[] {
  if (address.kind() === 'ipv4') return [address];
  const bytes = address.toByteArray();
  // IPv4-mapped (::ffff:a.b.c.d) is nothing but the IPv4 address.
  if (startsWith(bytes, [...Array(10).fill(0), 0xff, 0xff])) return [ipv4At(bytes, 12)];
  const found: Address[] = [address];
  // NAT64 (RFC 6052, RFC 8215), IPv4-translated (RFC 2765), IPv4-compatible (deprecated; ::1 and :: are not of them).
  if (startsWith(bytes, [0x00, 0x64, 0xff, 0x9b])) found.push(ipv4At(bytes, 12));
  else if (startsWith(bytes, [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0])) found.push(ipv4At(bytes, 12));
  else if (startsWith(bytes, TWELVE_ZEROS) && (bytes[12] !== 0 || bytes[13] !== 0)) found.push(ipv4At(bytes, 12));
  // 6to4 (RFC 3056).
  if (startsWith(bytes, [0x20, 0x02])) found.push(ipv4At(bytes, 2));
  // Teredo (RFC 4380): its server, and the client's address with all bits flipped.
  if (startsWith(bytes, [0x20, 0x01, 0, 0])) found.push(ipv4At(bytes, 4), ipv4At(bytes, 12, 0xff));
  // ISATAP (RFC 5214): interface identifier ::0:5efe:a.b.c.d, the universal bit set or not.
  if ((bytes[8] === 0 || bytes[8] === 2) && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe) {
    found.push(ipv4At(bytes, 12));
  }
  return found;
}

/** The class of one address by itself; see `reachableAddresses` for what it may stand for. */
const LOOPBACK: readonly Network[] = ['127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128'].map(parseNetwork);

/** This machine itself, `0.0.0.0` and `::` included, which connect to it too. */
export function isLoopback(address: Address): boolean {
  return LOOPBACK.some((network) => inNetwork(address, network));
}

export function classify(address: Address): AddressClass {
  if (FORBIDDEN.some((network) => inNetwork(address, network))) return 'forbidden';
  if (PRIVATE.some((network) => inNetwork(address, network))) return 'private';
  return 'public';
}
