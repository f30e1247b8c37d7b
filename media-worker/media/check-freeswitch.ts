import { connect } from 'node:net';

export interface FreeSwitchAddress {
  readonly host: string;
  readonly port: number;
  /** Password of the event socket. */
  readonly secret: string;
  /** Name of the SIP profile that endpoints are made on. */
  readonly profile: string;
}

/** One message of the event socket: headers by lower-case name, and a body of `Content-Length` bytes. */
interface Message {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Milliseconds for the whole look. */
const LIMIT_MS = 5000;
/** `sofia status` has a line of some 100 bytes for each profile, alias and gateway. */
const MOST_BYTES = 1024 * 1024;

/**
 * Looks over a raw event socket whether a FreeSWITCH can be worked with: it answers, takes the password, and has the profile. Resolves
 * with the profile's SIP address, `HOST:PORT`; rejects with a plain reason where something is missing. drachtio-fsmrf 4.1.2 must not be the first to find out: where the profile is missing it throws in a
 * callback, which ends the process; where the password is wrong it never settles; where nobody listens it tries again without a pause,
 * behind a promise that has been rejected.
 */
export async function checkFreeSwitch(address: FreeSwitchAddress, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const late = AbortSignal.timeout(LIMIT_MS);
  const socket = connect({ host: address.host, port: address.port });
  const stop = AbortSignal.any([signal, late]);
  const destroy = (): void => void socket.destroy(new Error(`it did not answer within ${LIMIT_MS / 1000} s`));
  stop.addEventListener('abort', destroy);
  try {
    for await (const message of messages(socket)) {
      const next = whatNext(message, address);
      if ('found' in next) return next.found;
      socket.write(`${next.command}\n\n`);
    }
    throw new Error('it closed the connection');
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    stop.removeEventListener('abort', destroy);
    socket.destroy();
  }
}

type Next = { readonly command: string } | { readonly found: string };

/** What to say to a message. */
function whatNext({ headers, body }: Message, { secret, profile }: FreeSwitchAddress): Next {
  const type = headers.get('content-type');
  switch (type) {
    case 'auth/request':
      return { command: `auth ${secret}` };
    case 'command/reply':
      if (headers.get('reply-text')?.startsWith('+OK') === true) return { command: 'api sofia status' };
      throw new Error('it refused the password of the event socket');
    case 'api/response': {
      const found = addressOf(body, profile);
      if (found === undefined) throw new Error(`it has no running SIP profile "${profile}" with an IPv4 address`);
      return { found };
    }
    case 'text/rude-rejection':
      throw new Error('its access list (apply-inbound-acl of mod_event_socket) refuses this address');
    default:
      throw new Error(`it is no event socket of FreeSWITCH: it sent ${JSON.stringify(type?.slice(0, 50) ?? '')}`);
  }
}

/** As drachtio-fsmrf looks for it: in the line of the profile. */
function addressOf(sofiaStatus: string, profile: string): string | undefined {
  return sofiaStatus
    .split('\n')
    .filter((line) => line.trim().split(/\s+/)[0] === profile)
    .map((line) => /sip:mod_sofia@(\d+(?:\.\d+){3}:\d+)/.exec(line)?.[1])
    .find((address) => address !== undefined);
}

async function* messages(chunks: AsyncIterable<Buffer>): AsyncGenerator<Message> {
  let pending = Buffer.alloc(0);
  for await (const chunk of chunks) {
    pending = Buffer.concat([pending, chunk]);
    if (pending.length > MOST_BYTES) throw new Error('it is no event socket of FreeSWITCH: it sent too much');
    for (;;) {
      const end = pending.indexOf('\n\n');
      if (end < 0) break;
      const headers = readHeaders(pending.toString('utf8', 0, end));
      const next = end + 2 + Number(headers.get('content-length') ?? 0);
      if (!(next <= pending.length)) break;
      yield { headers, body: pending.toString('utf8', end + 2, next) };
      pending = pending.subarray(next);
    }
  }
}

function readHeaders(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}
