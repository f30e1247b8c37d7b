import { Resolver, type SrvRecord } from 'node:dns';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { dialCodes } from '../../crds/errors/dial.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import type { Outgoing } from '../outgoing/types.ts';
import { inTurn } from './in-turn.ts';

export interface Host {
  /** DNS name or IP address, IPv6 in brackets. */
  readonly host: string;
  readonly port?: number;
  readonly transport: 'udp' | 'tcp' | 'tls';
}

/** An IP address to send a request to, which the address policy allows. */
export interface Place {
  readonly address: string;
  readonly port: number;
  readonly transport: Host['transport'];
}

export type Found =
  | { readonly ok: true; readonly places: readonly Place[] }
  | { readonly ok: false; readonly fault: Fault };

/** Finds where a SIP host is. Nothing is sent to an address that this did not give. */
export interface Places {
  find(host: Host): Promise<Found>;
}

/** The records of a name; empty when it has none, or the name server does not answer. */
export type LookupSrv = (name: string) => Promise<readonly Pick<SrvRecord, 'name' | 'port' | 'priority' | 'weight'>[]>;

const SERVICES = { udp: '_sip._udp.', tcp: '_sip._tcp.', tls: '_sips._tcp.' } as const;
/** A host is given up after so many addresses. */
const MOST_PLACES = 4;
const DNS_TIMEOUT_MS = 1000;
const DNS_TRIES = 2;

export function systemSrv(): LookupSrv {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: DNS_TRIES });
  const resolve = promisify(resolver.resolveSrv.bind(resolver));
  return async (name) => {
    try {
      return await resolve(name);
    } catch {
      return [];
    }
  };
}

/**
 * RFC 3263 section 4.2 for a transport that is known: with a port or an IP address, the host itself; else its SRV records, else the host at the
 * default port. Names are resolved and judged by the policy of all outgoing requests, in one step, so that a name server that changes its mind
 * gains nothing.
 */
export function createPlaces(
  outgoing: Pick<Outgoing, 'resolve'>,
  { lookupSrv = systemSrv(), random = Math.random }: { lookupSrv?: LookupSrv; random?: () => number } = {},
): Places {
  return {
    async find({ host, port, transport }) {
      const name = host.replace(/^\[|\]$/g, '');
      const records =
        port === undefined && isIP(name) === 0 && name.includes('.')
          ? inTurn(await lookupSrv(`${SERVICES[transport]}${name}`), random)
          : [];
      const targets =
        records.length > 0
          ? records.map((record) => ({ name: record.name, port: record.port }))
          : [{ name, port: port ?? (transport === 'tls' ? 5061 : 5060) }];
      const places: Place[] = [];
      const reasons: string[] = [];
      for (const target of targets) {
        const resolved = await outgoing.resolve(target.name);
        if (!resolved.ok) reasons.push(`${resolved.fault.code} ${resolved.fault.message}`);
        else places.push(...resolved.addresses.map(({ address }) => ({ address, port: target.port, transport })));
        if (places.length >= MOST_PLACES) break;
      }
      if (places.length > 0) return { ok: true, places: places.slice(0, MOST_PLACES) };
      return { ok: false, fault: fault(dialCodes.addressRefused, reasons[0] ?? `${host} has no address`) };
    },
  };
}

/** The address as a route, for a request whose Request-URI names the host. */
export function routeOf({ address, port, transport }: Place): string {
  const host = isIP(address) === 6 ? `[${address}]` : address;
  return `sip:${host}:${port}${transport === 'udp' ? '' : `;transport=${transport}`}`;
}
