import type { CodeEntry } from './fault.ts';

/** PV-14xx: admission and routing of calls, and the connections to drachtio-server and FreeSWITCH. */
export const routingCodes = {
  tooManyCalls: {
    code: 'PV-1401',
    severity: 'error',
    title: 'Too many calls at once',
    cause: 'The worker already carries as many calls as `--max-calls` allows.',
    cure: 'The caller was told 503 with Retry-After. Raise `--max-calls` if the machine can carry more, or add workers.',
  },
  draining: {
    code: 'PV-1402',
    severity: 'error',
    title: 'The worker is stopping and takes no new calls',
    cause: 'The process was told to stop; it lets its calls finish and refuses new ones with 503 and Retry-After.',
    cure: 'Nothing to do: callers are served by another worker. If there is none, start one.',
  },
  badInvite: {
    code: 'PV-1403',
    severity: 'error',
    title: 'The INVITE could not be read',
    cause: 'A header that SIP requires (Call-ID, Contact, a readable Request-URI) is missing or malformed.',
    cure: 'Mend the device or trunk that sent it; the message says which part was unreadable.',
  },
  noRoute: {
    code: 'PV-1404',
    severity: 'error',
    title: 'No callflow for this number',
    cause:
      'No PivotCallflow of the account claims the number, no pattern matches it, and there is no `no_match` callflow.',
    cure: 'Add the number to `spec.numbers` of a PivotCallflow, and see that its condition Accepted is True. The message names the account and number that were looked up.',
  },
  noTable: {
    code: 'PV-1405',
    severity: 'error',
    title: 'No routing table yet',
    cause: 'The worker has not received a routing table since it started.',
    cure: 'Wait until the worker is ready; if it stays so, see the log of the operator or of the manifests folder.',
  },
  mediaUnavailable: {
    code: 'PV-1406',
    severity: 'error',
    title: 'No media endpoint could be had',
    cause: 'FreeSWITCH refused or did not answer in time, or too many calls are waiting for one.',
    cure: 'See whether FreeSWITCH is up and below its session limit; the message has its answer.',
  },
  noCommonCodec: {
    code: 'PV-1407',
    severity: 'error',
    title: 'No codec in common with the caller',
    cause: "The caller's offer has no PCMU or PCMA audio stream that the media server takes.",
    cure: 'Enable G.711 (PCMU or PCMA) on the phone or trunk.',
  },
  signallingLost: {
    code: 'PV-1408',
    severity: 'error',
    title: 'The connection to drachtio-server is gone',
    cause: 'drachtio-server stopped or the network between it and the worker broke.',
    cure: 'The worker reconnects by itself. Calls in progress have ended; see the log of drachtio-server.',
  },
  mediaLost: {
    code: 'PV-1409',
    severity: 'error',
    title: 'The media server hung the call up or went away',
    cause:
      'FreeSWITCH ended the endpoint (a crash, a restart, an operator command, no RTP), not the caller and not the callflow.',
    cure: 'See the log of FreeSWITCH for the cause that the message names.',
  },
  answerFailed: {
    code: 'PV-1410',
    severity: 'error',
    title: 'The call could not be answered',
    cause: 'Sending 200 OK failed, or the caller never acknowledged it.',
    cure: 'Most often the caller hung up at that moment. If it happens to every call, see that the caller can reach the SIP address in Contact.',
  },
  connectFailed: {
    code: 'PV-1411',
    severity: 'error',
    title: 'drachtio-server or FreeSWITCH cannot be used',
    cause:
      'Nothing listens at the address, the secret is wrong, the access list of the event socket refuses the worker, or the SIP profile `drachtio_mrf` is not running in FreeSWITCH.',
    cure: 'Mend what the message says. The worker keeps trying, but for a secret that drachtio-server refuses when the worker starts.',
  },
  callTooLong: {
    code: 'PV-1412',
    severity: 'error',
    title: 'The call lasted longer than calls may last',
    cause: 'The PivotFleet limits how long a call may be (`spec.limits.callSeconds`).',
    cure: 'Ask the platform team for a longer limit, or end calls earlier.',
  },
} as const satisfies Record<string, CodeEntry>;
