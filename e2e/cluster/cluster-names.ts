/**
 * Preloaded (`node --import`) into the programs of a test cluster: names below `.test` (RFC 6761) are on this machine, as a cluster's DNS would have
 * names for its own addresses. Resources of a cluster cannot name loopback addresses.
 */
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

const lookup = dns.lookup.bind(dns) as (hostname: string, ...rest: unknown[]) => void;
dns.lookup = ((hostname: string, ...rest: unknown[]) =>
  lookup(hostname.endsWith('.test') ? '127.0.0.1' : hostname, ...rest)) as typeof dns.lookup;
syncBuiltinESMExports();
