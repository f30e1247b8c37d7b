import type { CodeEntry } from './fault.ts';

/** PV-22xx: the debug API and the Live Debug page. */
export const debugCodes = {
  badQuery: {
    code: 'PV-2201',
    severity: 'error',
    title: 'The debug API cannot read the request',
    cause: 'A parameter or the body is not what the debug API takes, as with a `created_from` later than `created_to`.',
    cure: 'The message names it; docs/debug.md lists what there is.',
  },
  noCall: {
    code: 'PV-2202',
    severity: 'error',
    title: 'There is no such call',
    cause:
      'No trace of it is kept: it never reached Pivot, belongs to another account, or was forgotten. `pivot up` keeps the last 1,000 calls; Jaeger as long as it is told to.',
    cure: 'Look for it in the list of calls, and check account and Call-ID.',
  },
  jaegerAway: {
    code: 'PV-2203',
    severity: 'error',
    title: 'Jaeger cannot be asked',
    cause: 'No connection to the address of `--jaeger`, no answer in time, or one that is no answer of Jaeger.',
    cure: 'Check the address and that Jaeger runs; `GET /api/services` there must answer. Calls are not affected.',
  },
  tooMuch: {
    code: 'PV-2204',
    severity: 'error',
    title: 'The answer would be too large',
    cause:
      'The traces asked for hold more than the debug API reads at once, or the range has too many calls to be sorted.',
    cure: 'Ask for a shorter time with `created_from` and `created_to`, or for fewer calls with `page_size`.',
  },
  tooBusy: {
    code: 'PV-2205',
    severity: 'error',
    title: 'Too many are asking at once',
    cause: 'All places for live streams, test calls or questions to Jaeger are taken.',
    cure: 'Try again in a moment; close pages and test calls that nobody needs.',
  },
  unauthenticated: {
    code: 'PV-2206',
    severity: 'error',
    title: 'The debug API does not know who is asking',
    cause: 'There is no `Authorization: Bearer TOKEN`, or the API server does not accept the token (any more).',
    cure: 'Send a token of the cluster, such as `kubectl create token NAME` prints.',
  },
  forbidden: {
    code: 'PV-2207',
    severity: 'error',
    title: 'The debug API may not show that to who is asking',
    cause: 'The debug log of a namespace is for those who may `get` its pivotcallflows.',
    cure: 'Ask for a RoleBinding in that namespace; `kubectl auth can-i get pivotcallflows -n NAMESPACE` tells.',
  },
  foreignRequest: {
    code: 'PV-2208',
    severity: 'error',
    title: 'The request comes from another web site',
    cause:
      'The `Host` is no name of this machine, or the `Origin` is another one: so web pages of others can neither read the debug log nor place calls.',
    cure: 'Open the page by an IP address or as `localhost`; other names are allowed by `--http-name`.',
  },
  apiServerAway: {
    code: 'PV-2209',
    severity: 'error',
    title: 'The API server cannot be asked who may see what',
    cause: 'TokenReview or SubjectAccessReview failed: the API server is away, or the operator lacks the right to ask.',
    cure: 'See the operator’s log; apply the roles of the chart.',
  },
} as const satisfies Record<string, CodeEntry>;
