import type { Fault } from '../../crds/errors/fault.ts';
import type { Call } from '../call/call.ts';
import type { Rooms } from '../conference/rooms.ts';
import type { Dialler } from '../dial/dialler.ts';
import type { Queues } from '../queue/queues.ts';
import type { Recordings } from '../recordings/recordings.ts';
import type { CallMetrics } from '../telemetry/metrics.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { PivotSettings } from '../webhook/settings.ts';
import type { TwimlDocument } from './parse.ts';

/** What a document is run with. */
export interface TwimlContext {
  readonly call: Call;
  /** Parent of the verbs' spans. */
  readonly span: CallSpan;
  /** The URL that the document came from, after redirects: base of relative URLs (RFC 3986). */
  readonly documentUrl: string;
  /** Method of `action` and `<Redirect>` where the verb names none. */
  readonly defaultActionMethod: 'GET' | 'POST';
  /** SIP status of `<Reject>` without `reason="busy"`. */
  readonly rejectCode: number;
  /** Digits stay out of trace and log: the action is marked `sensitive`, or has no `debug`. */
  readonly hideDigits: boolean;
  readonly recordings: Pick<Recordings, 'open'>;
  readonly rooms: Rooms;
  readonly queues: Queues;
  readonly dialler: Dialler;
  readonly metrics: Pick<CallMetrics, 'verbRan'>;
  /**
   * Asks for another TwiML document, for what is heard meanwhile, or by the called side (`as`): the request is about that leg then. Rejects when
   * the call ends.
   */
  readonly ask: (next: NextExchange, as?: { readonly call: Call; readonly span: CallSpan }) => Promise<AskedDocument>;
  /** The document is heard by a caller who waits in a queue, which `<Leave>` leaves. */
  readonly queued?: boolean;
  /** Of the pivot action that brought the document: what callbacks are signed with. */
  readonly settings: PivotSettings;
}

/** Another webhook request that a verb asks for. */
export interface NextExchange {
  /** Absolute. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  /** What this verb adds to the request, e.g. `Digits`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** The answer to `ask`. */
export type AskedDocument =
  | { readonly ok: true; readonly documentUrl: string; readonly document: TwimlDocument }
  | { readonly ok: false; readonly fault: Fault };

/** What a verb leaves behind. */
export type VerbOutcome =
  | { readonly kind: 'continue' }
  /** The rest of the document is abandoned for another exchange. */
  | { readonly kind: 'exchange'; readonly next: NextExchange }
  /** The rest is abandoned, and the queue that the caller waits in is left. */
  | { readonly kind: 'leave' }
  /** The rest is abandoned; the verb has ended the call or wants it ended. */
  | { readonly kind: 'stop' };

/**
 * How a document ended. `finished`: no verb is left, the call is to be hung up by the one who ran it. `stop` with a fault: a verb failed
 * from within, and the call was hung up for it.
 */
export type DocumentOutcome =
  | { readonly kind: 'finished' }
  | { readonly kind: 'exchange'; readonly next: NextExchange }
  | { readonly kind: 'leave' }
  | { readonly kind: 'stop'; readonly fault?: Fault };
