import { fault, PivotError } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import type { ResponseMessage } from './message.ts';
import { retransmit2xx } from './retransmit-2xx.ts';
import type { SipStack } from './stack.ts';
import type { IncomingRequest, ServerTransaction } from './transaction-types.ts';
import type { SipMessage } from './types.ts';

interface Unacknowledged {
  readonly weOffered: boolean;
  readonly settled: Promise<SipMessage>;
  acknowledged(ack: IncomingRequest): void;
  abandoned(): void;
}

/** The 2xx of ours to INVITEs of one dialog that wait for their ACK. */
export interface Answers {
  readonly waiting: boolean;
  /**
   * Sends a 2xx and repeats it until the ACK comes; rejects when it never does or the dialog is forgotten. `weOffered`: the INVITE
   * had no offer, so the ACK brings the answer.
   */
  send(transaction: ServerTransaction, response: ResponseMessage, weOffered: boolean): Promise<SipMessage>;
  /** Takes an ACK; `onAnswer` gets the answer that it brings. */
  acknowledged(ack: IncomingRequest, onAnswer: (sdp: string) => void): void;
  /** Resolves when none waits. */
  settled(): Promise<unknown>;
  abandon(): void;
}

export function createAnswers(stack: SipStack, callId: string, neverAcknowledged: () => void): Answers {
  const unacknowledged = new Map<number, Unacknowledged>();
  return {
    get waiting() {
      return unacknowledged.size > 0;
    },
    send(transaction, response, weOffered) {
      const { seq } = transaction.request.envelope;
      const { promise, resolve, reject } = Promise.withResolvers<SipMessage>();
      promise.catch(() => {});
      const done = (): void => {
        stop();
        unacknowledged.delete(seq);
      };
      const stop = retransmit2xx(
        stack.clock,
        stack.timers,
        () => transaction.respond(response),
        () => {
          done();
          reject(new PivotError(fault(softswitchCodes.noAck, `no ACK to the 200 of call ${callId}`)));
          neverAcknowledged();
        },
      );
      unacknowledged.set(seq, {
        weOffered,
        settled: promise,
        acknowledged(ack) {
          done();
          resolve(ack.message);
        },
        abandoned() {
          done();
          reject(new PivotError(fault(softswitchCodes.dialogGone, `the call ${callId} ended before its ACK`)));
        },
      });
      transaction.respond(response);
      return promise;
    },
    acknowledged(ack, onAnswer) {
      const waiting = unacknowledged.get(ack.envelope.seq);
      if (waiting === undefined) return;
      if (waiting.weOffered && ack.message.body !== '') onAnswer(ack.message.body);
      waiting.acknowledged(ack);
    },
    settled: () => Promise.allSettled([...unacknowledged.values()].map(({ settled }) => settled)),
    abandon() {
      for (const waiting of [...unacknowledged.values()]) waiting.abandoned();
    },
  };
}
