import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { fault, PivotError } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import { parseUri } from './address.ts';
import type { Peer, TransportName } from './transport.ts';

const DEFAULT_PORT = 5060;

export interface Target {
  readonly transport: TransportName;
  readonly host: string;
  readonly port: number;
}

/** Transport, host and port of a SIP URI (RFC 3263 without NAPTR and SRV). A reason when it cannot be used. */
export function targetOf(
  uri: string,
  offered: readonly TransportName[],
  fallback: TransportName = 'udp',
): Target | 'bad-uri' | 'no-transport' {
  const parsed = parseUri(uri);
  if (parsed === undefined || parsed.host === '') return 'bad-uri';
  const wanted = parsed.params.get('transport')?.toLowerCase() ?? (offered.includes(fallback) ? fallback : offered[0]);
  if (parsed.scheme === 'sips' || (wanted !== 'udp' && wanted !== 'tcp') || !offered.includes(wanted))
    return 'no-transport';
  const host = parsed.params.get('maddr') ?? parsed.host;
  return { transport: wanted, host, port: parsed.port ?? DEFAULT_PORT };
}

/** At once when the host is an address, later when it is a name. Rejects with PV-1704. */
export function resolveTarget(target: Target, family: 0 | 4 | 6 = 0): Peer | Promise<Peer> {
  const { transport, host, port } = target;
  if (isIP(host) !== 0) return { transport, address: host, port };
  return lookup(host, { family }).then(
    ({ address }) => ({ transport, address, port }),
    (cause: unknown) => {
      throw new PivotError(fault(softswitchCodes.unresolved, `no address for ${host}`), { cause });
    },
  );
}
