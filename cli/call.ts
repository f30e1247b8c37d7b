import { cliCodes } from '../crds/errors/cli.ts';
import { fault, formatFault, PivotError } from '../crds/errors/fault.ts';
import { formatEntry, type TimelineEntry, type TimelineExchange } from '../debug/timeline.ts';
import { type PhoneCall, type PhoneCallEnd, placeCall } from '../media-worker/softswitch/phone.ts';
import { onStopSignals } from '../runtime/stop-signals.ts';
import type { HostPort } from './options.ts';
import { localAddressFor, watchCall } from './watched-call.ts';

export interface CallCommandOptions {
  readonly sip: HostPort;
  readonly transport: 'udp' | 'tcp';
  readonly from: string;
  readonly press: readonly string[];
  readonly hangupAfter?: number;
  readonly record?: string;
  readonly output: 'text' | 'json';
}

/** What `--output json` prints. */
export interface CallReport {
  readonly number: string;
  readonly callId: string;
  /** OpenTelemetry trace id; empty when the far end is not Pivot. */
  readonly traceId: string;
  readonly answered: boolean;
  readonly exchanges: readonly TimelineExchange[];
  /** Texts spoken, in order. */
  readonly said: readonly string[];
  /** Sounds played that were not spoken. */
  readonly played: readonly string[];
  /** Keys that were pressed. */
  readonly pressed: string;
  readonly timeline: readonly TimelineEntry[];
  readonly end: Omit<PhoneCallEnd, 'message'>;
  /** Milliseconds of sound heard. */
  readonly heardMs: number;
}

/** `pivot call`: places a call, prints what happens. Resolves with the exit code: 0 when it was answered and ended normally. */
export async function call(number: string, options: CallCommandOptions): Promise<number> {
  const stop = onStopSignals();
  let phone: PhoneCall;
  try {
    phone = await placeCall({
      number,
      sip: `${options.sip.host}:${options.sip.port}`,
      transport: options.transport,
      from: options.from,
      host: localAddressFor(options.sip.host),
      ...(options.record === undefined ? {} : { record: options.record }),
      signal: stop.requested,
    });
  } catch (error) {
    stop.dispose();
    if (!(error instanceof PivotError)) throw error;
    console.error(formatFault(error.fault));
    return 1;
  }
  try {
    return await watch(number, options, phone);
  } finally {
    stop.dispose();
  }
}

async function watch(number: string, options: CallCommandOptions, phone: PhoneCall): Promise<number> {
  const text = options.output === 'text';
  const { answered, end, exchanges, said, played, pressed, timeline } = await watchCall(phone, {
    press: options.press,
    ...(options.hangupAfter === undefined ? {} : { hangupAfter: options.hangupAfter }),
    onEntry: (entry) => {
      if (text) console.log(formatEntry(entry));
    },
  });
  const { message: _message, ...plainEnd } = end;
  if (text) {
    console.log(endLine(end, phone));
    if (options.record !== undefined && answered) console.log(`what the caller heard is in ${options.record}`);
    const trace = phone.header('X-Pivot-Trace');
    if (trace !== undefined) console.log(`trace ${trace}`);
  } else {
    const report: CallReport = {
      number,
      callId: phone.callId,
      traceId: phone.header('X-Pivot-Trace') ?? '',
      answered,
      exchanges,
      said,
      played,
      pressed,
      timeline,
      end: plainEnd,
      heardMs: phone.ear.heardMs,
    };
    console.log(JSON.stringify(report, null, 2));
  }
  const failure = answered ? badEnding(end) : refusal(number, options, end, phone);
  if (failure === undefined) return 0;
  console.error(formatFault(fault(cliCodes.callFailed, failure)));
  return 1;
}

/** ITU-T Q.850: 16, normal call clearing; 31, normal, unspecified. */
const NORMAL_CAUSES: ReadonlySet<string> = new Set(['16', '31']);

/** Why a call that was answered did not end normally, as far as the far end says (RFC 3326); undefined when it did. */
export function badEnding({ by, reasonHeader = '' }: Pick<PhoneCallEnd, 'by' | 'reasonHeader'>): string | undefined {
  if (by === 'timeout') return 'The call was answered, but the far end stopped answering';
  const cause = /(?:^|,)\s*Q\.850\s*;\s*cause\s*=\s*(\d+)/i.exec(reasonHeader)?.[1];
  if (by !== 'remote' || cause === undefined || NORMAL_CAUSES.has(cause)) return undefined;
  return `The call was answered, but the far end hung up with ${reasonHeader}`;
}

function endLine(end: PhoneCallEnd, phone: PhoneCall): string {
  const seconds = (phone.ear.heardMs / 1000).toFixed(1);
  if (end.by === 'rejected') {
    return end.message === undefined ? 'not answered' : `not answered: ${end.status ?? ''} ${end.reason ?? ''}`.trim();
  }
  const who = { local: 'this side hung up', remote: 'the far end hung up', timeout: 'the far end stopped answering' }[
    end.by
  ];
  return `${who}${end.reasonHeader === undefined ? '' : ` (${end.reasonHeader})`}; ${seconds} s of sound were received`;
}

function refusal(number: string, options: CallCommandOptions, end: PhoneCallEnd, phone: PhoneCall): string {
  const where = `${options.sip.host}:${options.sip.port}`;
  if (end.by === 'local') return `The call to ${number} was given up before it was answered`;
  // `399 pivot "PV-1404 …"`: the far end's own words.
  const warning = /^399 \S+ "(.*)"$/.exec(phone.header('Warning') ?? '')?.[1];
  if (end.message === undefined)
    return `${number} at ${where}: nothing answers there; is "pivot up" running at that address?`;
  const status =
    end.status === undefined ? 'no answer came' : `it was refused with ${end.status} ${end.reason ?? ''}`.trim();
  return `${number} at ${where}: ${status}${warning === undefined ? '' : ` (${warning})`}`;
}
