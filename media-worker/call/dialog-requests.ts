import { faultOf } from '../../crds/errors/fault.ts';
import { routingCodes } from '../../crds/errors/routing.ts';
import type { MediaEndpoint } from '../media/endpoint.ts';
import { causeOfReason } from '../sip/causes.ts';
import { digitOfInfo } from '../sip/dtmf-relay.ts';
import { onlyAudio } from '../sip/sdp.ts';
import type { SipDialog } from '../sip/srf.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { DigitQueue } from './digits.ts';

export interface DialogParts {
  /** Digits that come by INFO are put there. */
  readonly digits: DigitQueue;
  readonly span: CallSpan;
  /** The leg's. */
  readonly signal: AbortSignal;
  /** The far end has hung up; `cause` is FreeSWITCH's name of the Q.850 cause. */
  readonly onBye: (cause: string) => void;
}

/** Answers what the far end asks in a dialog: BYE, re-INVITE (hold, another session description), INFO, REFER (refused). */
export function attendDialog(dialog: SipDialog, endpoint: MediaEndpoint, parts: DialogParts): void {
  const { digits, span, signal, onBye } = parts;
  dialog.on('destroy', (bye) => onBye(causeOfReason(bye.get('Reason'))));
  dialog.on('modify', (request, response) => {
    const accept = (sdp: string): void => {
      dialog.local.sdp = sdp;
      response.send(200, { body: sdp, headers: { 'Content-Type': 'application/sdp' } });
    };
    // Without an offer the 200 has ours, and the ACK brings the answer (RFC 3261 section 14.2).
    if (request.body === '') accept(onlyAudio(endpoint.localSdp));
    else
      endpoint
        .modify(request.body)
        .then(accept, () => response.send(488))
        // The connection broke meanwhile: there is nobody left to answer.
        .catch((error: unknown) => span.warn(faultOf(error, routingCodes.signallingLost)));
  });
  dialog.on('info', (request, response) => {
    const digit = digitOfInfo(request.get('Content-Type'), request.body);
    if (digit !== undefined && !signal.aborted) digits.push(digit);
    response.send(200);
  });
  dialog.on('refer', (_request, response) => response.send(603));
  // Where the offer was ours (an INVITE without one), the far end's answer comes in the ACK; other ACKs have no body.
  dialog.on('ack', (ack) => {
    if (ack.body === '') return;
    endpoint.modify(ack.body).catch((error: unknown) => {
      if (!signal.aborted) span.warn(faultOf(error, routingCodes.noCommonCodec));
    });
  });
  // A BYE that came in one packet with drachtio-server's confirmation has been dealt with before anybody listened.
  if (!dialog.connected) onBye('NORMAL_CLEARING');
}
