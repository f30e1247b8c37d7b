/**
 * Q.850 causes by FreeSWITCH's names, and the SIP status that stands for each when a call that was never answered ends with it
 * (Kazoo's table, `spec` section A.9; RFC 3398 section 8.2.6.1 for the rest).
 */
const STATUS_OF_CAUSE: Readonly<Record<string, number>> = {
  UNALLOCATED_NUMBER: 404,
  NO_ROUTE_DESTINATION: 404,
  NO_ROUTE_TRANSIT_NET: 404,
  USER_BUSY: 486,
  PROGRESS_TIMEOUT: 486,
  NO_USER_RESPONSE: 408,
  NO_ANSWER: 480,
  SUBSCRIBER_ABSENT: 480,
  NORMAL_UNSPECIFIED: 480,
  NORMAL_CLEARING: 480,
  CALL_REJECTED: 603,
  NUMBER_CHANGED: 410,
  EXCHANGE_ROUTING_ERROR: 483,
  INVALID_NUMBER_FORMAT: 484,
  DESTINATION_OUT_OF_ORDER: 502,
  FACILITY_REJECTED: 510,
  NORMAL_CIRCUIT_CONGESTION: 503,
  NETWORK_OUT_OF_ORDER: 503,
  NORMAL_TEMPORARY_FAILURE: 503,
  SWITCH_CONGESTION: 503,
  REQUESTED_CHAN_UNAVAIL: 503,
  OUTGOING_CALL_BARRED: 403,
  INCOMING_CALL_BARRED: 403,
  BEARERCAPABILITY_NOTAUTH: 403,
  BEARERCAPABILITY_NOTIMPL: 488,
  INCOMPATIBLE_DESTINATION: 488,
  NOT_IMPLEMENTED: 501,
  RECOVERY_ON_TIMER_EXPIRE: 504,
  MEDIA_TIMEOUT: 504,
  ORIGINATOR_CANCEL: 487,
  UNKNOWN: 500,
};

/** Q.850 numbers, for the `Reason` header of BYE (RFC 3326). */
const NUMBER_OF_CAUSE: Readonly<Record<string, number>> = {
  UNALLOCATED_NUMBER: 1,
  NO_ROUTE_TRANSIT_NET: 2,
  NO_ROUTE_DESTINATION: 3,
  NORMAL_CLEARING: 16,
  USER_BUSY: 17,
  NO_USER_RESPONSE: 18,
  NO_ANSWER: 19,
  SUBSCRIBER_ABSENT: 20,
  CALL_REJECTED: 21,
  NUMBER_CHANGED: 22,
  DESTINATION_OUT_OF_ORDER: 27,
  INVALID_NUMBER_FORMAT: 28,
  FACILITY_REJECTED: 29,
  NORMAL_UNSPECIFIED: 31,
  NORMAL_CIRCUIT_CONGESTION: 34,
  NETWORK_OUT_OF_ORDER: 38,
  NORMAL_TEMPORARY_FAILURE: 41,
  SWITCH_CONGESTION: 42,
  REQUESTED_CHAN_UNAVAIL: 44,
  INCOMPATIBLE_DESTINATION: 88,
  RECOVERY_ON_TIMER_EXPIRE: 102,
  MEDIA_TIMEOUT: 102,
};

/** The SIP status for a cause on a call that was not answered; 480 for one we do not know. */
export function statusOfCause(cause: string): number {
  return STATUS_OF_CAUSE[cause] ?? 480;
}

/** FreeSWITCH's causes of final responses, which callflows name failures by (`sofia_glue.c`); it agrees with RFC 3398 section 8.2.6.1 but for 480. */
const CAUSE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'NORMAL_TEMPORARY_FAILURE',
  401: 'CALL_REJECTED',
  402: 'CALL_REJECTED',
  403: 'CALL_REJECTED',
  404: 'UNALLOCATED_NUMBER',
  406: 'NOT_IMPLEMENTED',
  407: 'CALL_REJECTED',
  408: 'RECOVERY_ON_TIMER_EXPIRE',
  410: 'NUMBER_CHANGED',
  415: 'NOT_IMPLEMENTED',
  480: 'NO_USER_RESPONSE',
  481: 'NORMAL_TEMPORARY_FAILURE',
  482: 'EXCHANGE_ROUTING_ERROR',
  483: 'EXCHANGE_ROUTING_ERROR',
  484: 'INVALID_NUMBER_FORMAT',
  485: 'NO_ROUTE_DESTINATION',
  486: 'USER_BUSY',
  487: 'ORIGINATOR_CANCEL',
  488: 'INCOMPATIBLE_DESTINATION',
  500: 'NORMAL_TEMPORARY_FAILURE',
  501: 'NOT_IMPLEMENTED',
  502: 'NETWORK_OUT_OF_ORDER',
  503: 'NORMAL_TEMPORARY_FAILURE',
  504: 'RECOVERY_ON_TIMER_EXPIRE',
  600: 'USER_BUSY',
  603: 'CALL_REJECTED',
  604: 'NO_ROUTE_DESTINATION',
  606: 'INCOMPATIBLE_DESTINATION',
};

/** The cause of an INVITE that was refused: what the response's `Reason` header says, else what stands for its status. */
export function causeOfStatus(status: number, reason?: string): string {
  const given = q850(reason);
  // Some peers say "normal clearing" whatever the status is.
  if (given !== undefined && given !== 'NORMAL_CLEARING') return given;
  return CAUSE_OF_STATUS[status] ?? 'NORMAL_UNSPECIFIED';
}

/** The value of the `Reason` header for a cause. */
export function reasonHeader(cause: string): string {
  return `Q.850;cause=${NUMBER_OF_CAUSE[cause] ?? 16};text="${cause}"`;
}

/** The cause that a far end's BYE gives in its `Reason` header, else `NORMAL_CLEARING`. */
export function causeOfReason(reason: string | undefined): string {
  return q850(reason) ?? 'NORMAL_CLEARING';
}

function q850(reason: string | undefined): string | undefined {
  const number = /Q\.850\s*;\s*cause\s*=\s*(\d{1,3})/i.exec(reason ?? '')?.[1];
  return Object.entries(NUMBER_OF_CAUSE).find(([, value]) => String(value) === number)?.[0];
}

/**
 * A final status that drachtio-srf sends: it knows the registered ones only, so another becomes the `x00` of its class, as which
 * callers would read it anyway (RFC 3261 section 8.1.3.2). Outside 300 to 699: 480.
 */
export function sendableStatus(status: number): number {
  if (!Number.isInteger(status) || status < 300 || status > 699) return 480;
  return KNOWN.has(status) ? status : Math.floor(status / 100) * 100;
}

/** Final statuses of drachtio-srf's table (npm `sip-status`). */
const KNOWN: ReadonlySet<number> = new Set([
  300, 301, 302, 305, 380, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417,
  420, 421, 422, 423, 424, 428, 429, 430, 433, 436, 437, 438, 439, 470, 480, 481, 482, 483, 484, 485, 486, 487, 488,
  489, 491, 493, 494, 500, 501, 502, 503, 504, 505, 513, 580, 600, 603, 604, 606,
]);

/** Standard reason phrases of the statuses that we send (RFC 3261 section 21 and the IANA registry). */
export const REASON_PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  410: 'Gone',
  423: 'Interval Too Brief',
  480: 'Temporarily Unavailable',
  483: 'Too Many Hops',
  484: 'Address Incomplete',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  500: 'Server Internal Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Server Time-out',
  510: 'Not Extended',
  603: 'Decline',
};
