/** Hang-up causes that FreeSWITCH 1.10.12 knows by name (switch_channel.c) with their Q.850 numbers. */
const CAUSES = {
  NONE: 0,
  UNALLOCATED_NUMBER: 1,
  NO_ROUTE_TRANSIT_NET: 2,
  NO_ROUTE_DESTINATION: 3,
  CHANNEL_UNACCEPTABLE: 6,
  CALL_AWARDED_DELIVERED: 7,
  NORMAL_CLEARING: 16,
  USER_BUSY: 17,
  NO_USER_RESPONSE: 18,
  NO_ANSWER: 19,
  SUBSCRIBER_ABSENT: 20,
  CALL_REJECTED: 21,
  NUMBER_CHANGED: 22,
  REDIRECTION_TO_NEW_DESTINATION: 23,
  EXCHANGE_ROUTING_ERROR: 25,
  DESTINATION_OUT_OF_ORDER: 27,
  INVALID_NUMBER_FORMAT: 28,
  FACILITY_REJECTED: 29,
  RESPONSE_TO_STATUS_ENQUIRY: 30,
  NORMAL_UNSPECIFIED: 31,
  NORMAL_CIRCUIT_CONGESTION: 34,
  NETWORK_OUT_OF_ORDER: 38,
  NORMAL_TEMPORARY_FAILURE: 41,
  SWITCH_CONGESTION: 42,
  ACCESS_INFO_DISCARDED: 43,
  REQUESTED_CHAN_UNAVAIL: 44,
  PRE_EMPTED: 45,
  FACILITY_NOT_SUBSCRIBED: 50,
  OUTGOING_CALL_BARRED: 52,
  INCOMING_CALL_BARRED: 54,
  BEARERCAPABILITY_NOTAUTH: 57,
  BEARERCAPABILITY_NOTAVAIL: 58,
  SERVICE_UNAVAILABLE: 63,
  BEARERCAPABILITY_NOTIMPL: 65,
  CHAN_NOT_IMPLEMENTED: 66,
  FACILITY_NOT_IMPLEMENTED: 69,
  SERVICE_NOT_IMPLEMENTED: 79,
  INVALID_CALL_REFERENCE: 81,
  INCOMPATIBLE_DESTINATION: 88,
  INVALID_MSG_UNSPECIFIED: 95,
  MANDATORY_IE_MISSING: 96,
  MESSAGE_TYPE_NONEXIST: 97,
  WRONG_MESSAGE: 98,
  IE_NONEXIST: 99,
  INVALID_IE_CONTENTS: 100,
  WRONG_CALL_STATE: 101,
  RECOVERY_ON_TIMER_EXPIRE: 102,
  MANDATORY_IE_LENGTH_ERROR: 103,
  PROTOCOL_ERROR: 111,
  INTERWORKING: 127,
  ORIGINATOR_CANCEL: 487,
  MANAGER_REQUEST: 503,
  BLIND_TRANSFER: 800,
  ATTENDED_TRANSFER: 801,
  ALLOTTED_TIMEOUT: 602,
  USER_CHALLENGE: 603,
  MEDIA_TIMEOUT: 604,
  PICKED_OFF: 605,
  USER_NOT_REGISTERED: 606,
  PROGRESS_TIMEOUT: 607,
  LOSE_RACE: 502,
} as const;

export type HangupCause = keyof typeof CAUSES;

/** An unknown name becomes NORMAL_CLEARING (recorded, 39). Numbers are Q.850 values. */
export function causeOf(text: string | undefined): HangupCause {
  const wanted = (text ?? '').trim().toUpperCase();
  if (wanted in CAUSES) return wanted as HangupCause;
  const number = /^\d+$/.test(wanted) ? Number(wanted) : -1;
  const found = Object.entries(CAUSES).find(([, value]) => value === number && value !== 0);
  return (found?.[0] as HangupCause | undefined) ?? 'NORMAL_CLEARING';
}

/** The Reason header of a BYE (RFC 3326); FreeSWITCH's own causes past 127 go out as `SIP`-less Q.850 16. */
export function reasonHeader(cause: HangupCause): string {
  const number = CAUSES[cause];
  return `Q.850;cause=${number > 0 && number <= 127 ? number : 16};text="${cause}"`;
}

/** The cause a far end gave in its BYE's Reason header. */
export function causeFromReason(reason: string | undefined): HangupCause {
  const match = /Q\.850\s*;.*?cause=(\d+)/i.exec(reason ?? '');
  return match === null ? 'NORMAL_CLEARING' : causeOf(match[1]);
}
