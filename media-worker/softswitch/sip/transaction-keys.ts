import type { IncomingRequest } from './transaction-types.ts';
import type { Peer } from './transport.ts';

const MAGIC = 'z9hG4bK';

/** RFC 3261 section 17.2.3; ACK finds its INVITE. Requests of RFC 2543 elements are told apart by what section says for them. */
export function serverKey({ message, envelope }: IncomingRequest, method = message.method): string {
  const { via } = envelope;
  const branch = via.params.get('branch') ?? '';
  const kind = method === 'ACK' ? 'INVITE' : method;
  if (branch.startsWith(MAGIC) && branch.length > MAGIC.length)
    return `${branch}|${via.host}:${via.port ?? 5060}|${kind}`;
  return `2543|${envelope.callId}|${envelope.fromTag}|${envelope.seq}|${via.host}:${via.port ?? 5060}|${kind}`;
}

export function mergeKey({ message, envelope }: IncomingRequest): string {
  return `${envelope.callId}|${envelope.fromTag}|${envelope.seq}|${message.method}`;
}

/** Where the response to a request goes (RFC 3261 section 18.2.2, RFC 3581). */
export function responseTarget({ envelope, from }: IncomingRequest): Peer {
  if (from.transport === 'tcp') return from;
  const rport = envelope.via.params.has('rport');
  // Without rport, the port of sent-by counts, as the RFC says; phones behind NAT ask for rport.
  return { transport: 'udp', address: from.address, port: rport ? from.port : (envelope.via.port ?? 5060) };
}
