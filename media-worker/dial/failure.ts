import type { Fault } from '../../crds/errors/fault.ts';
import { causeOfStatus } from '../sip/causes.ts';

/** `DialCallStatus` of a leg that was not connected. */
export type FailedStatus = 'busy' | 'no-answer' | 'failed' | 'canceled';

/** Why a called leg was not connected. */
export interface LegFailure {
  readonly status: FailedStatus;
  /** FreeSWITCH's name of the Q.850 cause: what callflows name children by. */
  readonly cause: string;
  /** The far end's final response, where there was one. */
  readonly sipStatus?: number;
  readonly fault?: Fault;
  /** SIP Call-ID of the leg, where one was called. */
  readonly callId?: string;
}

/** What a final response means for the call (spec pivot-behaviour 5.14). `rang`: the far end had said that it rings. */
export function failureOfResponse(sipStatus: number, reason: string | undefined, rang: boolean): LegFailure {
  return { status: statusOf(sipStatus, rang), cause: causeOfStatus(sipStatus, reason), sipStatus };
}

function statusOf(sipStatus: number, rang: boolean): FailedStatus {
  switch (sipStatus) {
    case 486:
    case 600:
    case 603:
      return 'busy';
    case 480:
      return 'no-answer';
    // A proxy's or our own time-out: nobody answered where it rang, nobody was there where it did not.
    case 408:
    case 487:
    case 504:
      return rang ? 'no-answer' : 'failed';
    default:
      return 'failed';
  }
}

export const NOBODY_ANSWERED: LegFailure = { status: 'no-answer', cause: 'NO_ANSWER' };
export const CANCELED: LegFailure = { status: 'canceled', cause: 'ORIGINATOR_CANCEL' };

/** Something that stands in the way before anybody is called. */
export function failureOfFault(fault: Fault, cause: string): LegFailure {
  return { status: 'failed', cause, fault };
}

/** What is said of several who were called: that somebody is there and busy before that nobody answered, and that before any fault. */
const RANK: readonly FailedStatus[] = ['busy', 'no-answer', 'failed', 'canceled'];

/** The failure that stands for several. */
export function worstOf(failures: readonly LegFailure[]): LegFailure {
  return failures.toSorted((a, b) => RANK.indexOf(a.status) - RANK.indexOf(b.status))[0] ?? NOBODY_ANSWERED;
}
