import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';

export type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** True for `0.0.0.0` and `::`, which a socket can be bound to but nobody can be told. */
export function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '';
}

/** Every address that a socket bound to `host` can be reached at; first those that other machines can use. */
export function reachableAddresses(host: string, interfaces: Interfaces): string[] {
  if (!isUnspecified(host)) return [host];
  const family = host === '::' ? 'IPv6' : 'IPv4';
  const all = Object.values(interfaces).flatMap((list) => list ?? []);
  const fit = all.filter((entry) => entry.family === family && !(entry.family === 'IPv6' && entry.scopeid !== 0));
  const addresses = [...fit.filter((entry) => !entry.internal), ...fit.filter((entry) => entry.internal)].map(
    (entry) => entry.address,
  );
  return addresses.length > 0 ? addresses : [family === 'IPv6' ? '::1' : '127.0.0.1'];
}

/** The address to tell a peer, when the socket is bound to all of them: the one in the peer's own network, else the first. */
export function addressToTell(host: string, peer: string, interfaces: Interfaces): string {
  if (!isUnspecified(host)) return host;
  for (const entry of Object.values(interfaces).flatMap((list) => list ?? [])) {
    if (sameNetwork(entry, peer)) return entry.address;
  }
  return reachableAddresses(host, interfaces)[0]!;
}

function sameNetwork(entry: NetworkInterfaceInfo, peer: string): boolean {
  const family = isIPv4(peer) ? 'ipv4' : isIPv6(peer) ? 'ipv6' : undefined;
  if (family === undefined || entry.family.toLowerCase() !== family || entry.cidr === null) return false;
  const network = new BlockList();
  network.addSubnet(entry.address, Number(entry.cidr.slice(entry.cidr.indexOf('/') + 1)), family);
  return network.check(peer, family);
}
