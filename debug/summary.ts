import { callAttributes } from './call-source.ts';
import { attempts, type DebugFault, debugId } from './entries.ts';
import type { StoredCall } from './stored-call.ts';

/** One call in a few words, for a list. Times are RFC 3339. */
export interface CallSummary {
  readonly trace_id: string;
  readonly call_id: string;
  readonly debug_id: string;
  readonly account: string;
  /** `NAMESPACE/NAME`; empty when no callflow was found. */
  readonly callflow: string;
  readonly from: string;
  /** What was dialled, as it was routed. */
  readonly number: string;
  readonly started: string;
  readonly ended?: string;
  /** `failed`: it ended, and something went wrong in it, be it that failback took over. */
  readonly state: 'active' | 'ended' | 'failed';
  /** How it ended, in one or two words. */
  readonly result?: string;
  /** Of the call itself, else of the first exchange that failed. */
  readonly error?: DebugFault;
  /** Exchanges; attempts of one count once. */
  readonly exchanges: number;
  readonly failed_exchanges: number;
  /** Spans that were not kept because the call has too many. */
  readonly dropped_spans: number;
}

export function summaryOf(call: StoredCall): CallSummary {
  const attributes = callAttributes(call);
  const text = (name: string): string => String(attributes[name] ?? '');
  const exchanges = new Map<number, boolean>();
  let error = faultIn(attributes);
  for (const span of attempts(call)) {
    error ??= span.error ? faultIn(span.attributes) : undefined;
    const number = span.attributes['pivot.exchange'];
    if (typeof number === 'number') exchanges.set(number, span.error);
  }
  const result = call.endedAt === undefined ? undefined : resultOf(attributes);
  return {
    trace_id: call.traceId,
    call_id: call.callId,
    debug_id: debugId(call),
    account: call.account,
    callflow: text('pivot.callflow'),
    from: text('pivot.from'),
    number: text('pivot.number') || text('pivot.to'),
    started: new Date(call.startedAt).toISOString(),
    ...(call.endedAt === undefined ? {} : { ended: new Date(call.endedAt).toISOString() }),
    state: call.endedAt === undefined ? 'active' : error === undefined ? 'ended' : 'failed',
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { error }),
    exchanges: exchanges.size,
    failed_exchanges: [...exchanges.values()].filter((failed) => failed).length,
    dropped_spans: call.droppedSpans,
  };
}

type Attributes = StoredCall['spans'][number]['attributes'];

function faultIn(attributes: Attributes): DebugFault | undefined {
  const code = attributes['pivot.error.code'];
  return code === undefined
    ? undefined
    : { code: String(code), message: String(attributes['pivot.error.message'] ?? '') };
}

/** `completed`, `no-answer`; of a call that was never taken, its SIP status. */
function resultOf(attributes: Attributes): string {
  const status = attributes['pivot.call.status'];
  if (status !== undefined) return String(status);
  const sip = attributes['pivot.sip.status'];
  return sip === undefined ? String(attributes['pivot.result'] ?? '') : `refused (${sip})`;
}
