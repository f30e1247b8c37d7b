import { faultOf } from '../../../crds/errors/fault.ts';
import { roomCodes } from '../../../crds/errors/rooms.ts';
import { twimlCodes } from '../../../crds/errors/twiml.ts';
import type { Taken } from '../../queue/queues.ts';
import { type AttributesOf, type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import { METHOD } from '../next.ts';
import type { TwimlContext } from '../outcome.ts';
import type { Report } from '../report.ts';
import { runDocument } from '../run.ts';
import { resolveUrl } from '../urls.ts';
import { type NounDefinition, skipNested } from '../verb.ts';
import type { WaitVerbs } from '../wait-source.ts';
import { directText, type XmlElement } from '../xml.ts';

const QUEUE_ATTRIBUTES = {
  url: {
    kind: 'url',
    default: undefined,
    description:
      'A document of `<Play>`, `<Say>`, `<Pause>` that the queued caller hears before both are connected; asked with `QueueSid`, `DequeuedCallSid` and `DequeuedCallQueueTime`.',
  },
  method: METHOD,
  reservationSid: { kind: 'not yet', description: 'TaskRouter.' },
  postWorkActivitySid: { kind: 'not yet', description: 'TaskRouter.' },
} as const satisfies AttributeTable;

export interface QueueNoun extends Position, AttributesOf<typeof QUEUE_ATTRIBUTES> {
  readonly noun: 'Queue';
  readonly name: string;
}

export const queueNoun: NounDefinition = {
  name: 'Queue',
  summary:
    'The name of a queue: connects with its first caller, or the next who comes within `timeout`. The `action` is asked with `DequeueResult`, `DequeuedCallSid`, `DequeuedCallQueueTime`, `DequeuedCallDuration` besides.',
  attributes: QUEUE_ATTRIBUTES,
};

export function parseQueue(element: XmlElement, report: Report): QueueNoun | undefined {
  const attributes = readAttributes(element, QUEUE_ATTRIBUTES, report);
  skipNested(element, report);
  const name = directText(element);
  if (name === '') {
    report.warn(twimlCodes.nothingToDo, '<Queue> names no queue; it was skipped.', element);
    return undefined;
  }
  return { noun: 'Queue', line: element.line, column: element.column, ...attributes, name };
}

const HEARD_BEFORE: WaitVerbs = ['Play', 'Say', 'Pause'];

/** Connects with the first caller; the parameters for `action`. Rejects when the call ends while nobody was taken. */
export async function dequeue(
  noun: QueueNoun,
  context: TwimlContext,
  limits: { readonly timeoutMs: number; readonly limit: AbortSignal },
): Promise<Readonly<Record<string, string>>> {
  const { call, queues, span } = context;
  await call.answer();
  const nobody = new AbortController();
  const timer = setTimeout(() => nobody.abort(new Error('nobody came')), limits.timeoutMs);
  let taken: Taken;
  try {
    taken = await queues.take(call.facts().account, noun.name, AbortSignal.any([call.signal, nobody.signal]));
  } catch (error) {
    if (call.signal.aborted || !nobody.signal.aborted) throw error;
    return { DialCallStatus: 'no-answer', DialBridged: 'false', DequeueResult: 'queue-empty' };
  } finally {
    clearTimeout(timer);
  }
  const callerId = taken.call.facts().callId;
  const about = {
    QueueSid: taken.sid,
    DequeuedCallSid: callerId,
    DequeuedCallQueueTime: String(Math.round(taken.waitedMs / 1000)),
  };
  span.set({ 'pivot.queue.sid': taken.sid, 'pivot.queue.call': callerId });
  let connectedMs: number | undefined;
  try {
    await hearBefore(noun, taken, context, about);
    connectedMs = await connect(taken, context, limits.limit);
  } catch (error) {
    span.warn(faultOf(error, roomCodes.notBridged));
  } finally {
    taken.done(connectedMs);
  }
  return {
    ...about,
    DialCallStatus: connectedMs === undefined ? 'failed' : 'completed',
    DialCallSid: callerId,
    DialBridged: String(connectedMs !== undefined),
    DialCallDuration: String(Math.round((connectedMs ?? 0) / 1000)),
    DequeueResult: connectedMs === undefined ? 'error' : 'bridged',
    DequeuedCallDuration: String(Math.round((connectedMs ?? 0) / 1000)),
  };
}

/** Runs `url` on the queued caller's leg. */
async function hearBefore(
  { url, method }: QueueNoun,
  { call }: Taken,
  context: TwimlContext,
  parameters: Readonly<Record<string, string>>,
): Promise<void> {
  if (url === undefined) return;
  const asked = { url: resolveUrl(context.documentUrl, url), method: method ?? 'POST', parameters } as const;
  const answer = await context.ask(asked);
  if (!answer.ok) {
    context.span.warn(answer.fault);
    return;
  }
  const verbs = answer.document.verbs.filter(({ verb }) => HEARD_BEFORE.includes(verb));
  await runDocument({ verbs }, { ...context, call, documentUrl: answer.documentUrl });
}

async function connect({ call: caller }: Taken, { call, span }: TwimlContext, limit: AbortSignal): Promise<number> {
  const [own, theirs] = await Promise.all([call.media(), caller.media()]);
  const since = Date.now();
  span.event('pivot.queue.connected');
  await own.bridge(theirs, AbortSignal.any([call.signal, caller.signal, limit]));
  return Date.now() - since;
}
