import { reasonOf } from './message.ts';
import type { SipFailure, SipMessage } from './types.ts';

/** The error of a final response that is not 2xx, or of a local 408, 487, 503. */
class FinalResponse extends Error implements SipFailure {
  readonly status: number;
  readonly reason: string;
  readonly message_: SipMessage | undefined;
  constructor(status: number, reason: string, message: SipMessage | undefined, cause?: unknown) {
    super(`${status} ${reason}`, cause === undefined ? undefined : { cause });
    this.name = 'SipFailure';
    this.status = status;
    this.reason = reason;
    this.message_ = message;
  }
}

export function sipFailure(status: number, message?: SipMessage, cause?: unknown): SipFailure {
  return new FinalResponse(status, message?.reason ?? reasonOf(status), message, cause);
}

export function isSipFailure(error: unknown): error is SipFailure {
  return error instanceof FinalResponse;
}
