import { type Fault, fault } from '../../crds/errors/fault.ts';
import { referCodes } from '../../crds/errors/refer.ts';
import type { SipDialog, SipRequest, SipResponse } from '../sip/srf.ts';

/** What became of a leg that was told to call somebody else. */
export interface Referred {
  /** `completed`: the other call was answered. `canceled`: the leg hung up before anything was known. */
  readonly status: 'completed' | 'failed' | 'no-answer' | 'canceled';
  /** The response to the REFER. */
  readonly referStatus?: number;
  /** The last status of the other call that the leg told of. */
  readonly notifyStatus?: number;
  /** Why it is not `completed`, where that is not the other call's own doing. */
  readonly fault?: Fault;
}

/** Status line of a `message/sipfrag` (RFC 3420). */
const STATUS_LINE = /^SIP\/2\.0 (\d{3})\b/;

/**
 * Tells the far end of a dialog to call `uri` (RFC 3515), and waits for its NOTIFY of the final status, at most `limitMs`. Resolves also when the
 * leg ends meanwhile; never rejects.
 */
export async function refer(dialog: SipDialog, uri: string, limitMs: number, signal: AbortSignal): Promise<Referred> {
  const told = Promise.withResolvers<Referred>();
  let referStatus: number | undefined;
  let notifyStatus: number | undefined;
  const seen = () => ({
    ...(referStatus === undefined ? {} : { referStatus }),
    ...(notifyStatus === undefined ? {} : { notifyStatus }),
  });
  const onNotify = (request: SipRequest, response: SipResponse): void => {
    response.send(200);
    if (!/^refer\b/i.test(request.get('Event') ?? '')) return;
    const status = Number(STATUS_LINE.exec(request.body)?.[1]);
    if (Number.isInteger(status)) notifyStatus = status;
    const final = notifyStatus;
    // It may overtake the response to the REFER (RFC 3515 section 2.4.4).
    if (final !== undefined && final >= 200) {
      void answered.then(() => told.resolve({ status: final < 300 ? 'completed' : 'failed', ...seen() }));
    }
  };
  // A leg that has called the other one may hang up without another word (RFC 5589 section 6.1).
  const onEnd = (): void => told.resolve({ status: 'canceled', ...seen() });
  const timer = setTimeout(() => {
    const message = `no NOTIFY with a final status within ${limitMs / 1000} s`;
    told.resolve({ status: 'no-answer', ...seen(), fault: fault(referCodes.unheard, message) });
  }, limitMs);
  dialog.on('notify', onNotify);
  signal.addEventListener('abort', onEnd, { once: true });
  if (signal.aborted) onEnd();
  const answered = dialog.request({ method: 'REFER', headers: { 'Refer-To': `<${uri}>` } }).then(
    ({ status }) => {
      referStatus = status;
      if (status < 300) return;
      told.resolve({
        status: 'failed',
        ...seen(),
        fault: fault(referCodes.refused, `the REFER was answered ${status}`),
      });
    },
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      told.resolve({ status: 'failed', fault: fault(referCodes.notSent, message) });
    },
  );
  try {
    return await told.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onEnd);
    dialog.off('notify', onNotify);
  }
}
