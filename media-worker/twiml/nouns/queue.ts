import { faultOf } from '../../../crds/errors/fault.ts';
import { roomCodes } from '../../../crds/errors/rooms.ts';
import { twimlCodes } from '../../../crds/errors/twiml.ts';
import type { Call } from '../../call/call.ts';
import { callerHeaders, callerIdOf } from '../../dial/caller-id.ts';
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

export interface DequeueLimits {
  /** Until somebody comes. */
  readonly timeoutMs: number;
  /** From now on, that both may be connected. */
  readonly connectedMs: number;
  /** Aborts when that is over. */
  readonly limit: AbortSignal;
}

/** Connects with the first caller; the parameters for `action`. Rejects when the call ends while nobody was taken. */
export async function dequeue(
  noun: QueueNoun,
  context: TwimlContext,
  limits: DequeueLimits,
): Promise<Readonly<Record<string, string>>> {
  const { call, queues, span } = context;
  await call.answer();
  const nobody = new AbortController();
  const timer = setTimeout(() => nobody.abort(new Error('nobody came')), limits.timeoutMs);
  try {
    for (;;) {
      const taken = await queues.take(call.facts().account, noun.name, AbortSignal.any([call.signal, nobody.signal]));
      const callerId = taken.where === 'here' ? taken.call.facts().callId : taken.callId;
      const about = {
        QueueSid: taken.sid,
        DequeuedCallSid: callerId,
        DequeuedCallQueueTime: String(Math.round(taken.waitedMs / 1000)),
      };
      span.set({ 'pivot.queue.sid': taken.sid, 'pivot.queue.call': callerId, 'pivot.queue.where': taken.where });
      const connectedMs =
        taken.where === 'here'
          ? await connectHere(noun, taken, context, about, limits)
          : await connectElsewhere(noun, taken, context, about, limits);
      // One who hung up on another worker in this moment: the next.
      if (connectedMs === 'gone' && !call.signal.aborted) continue;
      return result(about, connectedMs === 'gone' ? undefined : connectedMs);
    }
  } catch (error) {
    if (call.signal.aborted || !nobody.signal.aborted) throw error;
    return { DialCallStatus: 'no-answer', DialBridged: 'false', DequeueResult: 'queue-empty' };
  } finally {
    clearTimeout(timer);
  }
}

type About = Readonly<Record<'QueueSid' | 'DequeuedCallSid' | 'DequeuedCallQueueTime', string>>;

function result(about: About, connectedMs: number | undefined): Readonly<Record<string, string>> {
  return {
    ...about,
    DialCallStatus: connectedMs === undefined ? 'failed' : 'completed',
    DialCallSid: about.DequeuedCallSid,
    DialBridged: String(connectedMs !== undefined),
    DialCallDuration: String(Math.round((connectedMs ?? 0) / 1000)),
    DequeueResult: connectedMs === undefined ? 'error' : 'bridged',
    DequeuedCallDuration: String(Math.round((connectedMs ?? 0) / 1000)),
  };
}

async function connectHere(
  noun: QueueNoun,
  taken: Extract<Taken, { where: 'here' }>,
  context: TwimlContext,
  about: About,
  { limit }: DequeueLimits,
): Promise<number | undefined> {
  let connectedMs: number | undefined;
  try {
    await hearBefore(noun, taken.call, context, about);
    connectedMs = await connect(taken.call, context, limit);
  } catch (error) {
    context.span.warn(faultOf(error, roomCodes.notBridged));
  } finally {
    taken.done(connectedMs);
  }
  return connectedMs;
}

/** A worker that is there answers at once. */
const ANSWER_WITHIN_MS = 5000;

/** Calls the worker that has the caller, which connects that call with the caller. */
async function connectElsewhere(
  noun: QueueNoun,
  { way }: Extract<Taken, { where: 'elsewhere' }>,
  context: TwimlContext,
  about: About,
  { connectedMs: limitMs }: DequeueLimits,
): Promise<number | undefined | 'gone'> {
  const { call, dialler, span } = context;
  const { number: callerIdNumber, name: callerIdName, ...hidden } = callerIdOf(call);
  const headers = callerHeaders({ number: callerIdNumber, name: callerIdName, ...hidden });
  const dialled = await dialler.dial(
    {
      kind: 'within',
      ms: ANSWER_WITHIN_MS,
      ring: {
        kind: 'leg',
        leg: {
          name: `queue ${noun.name}`,
          to: { user: noun.name },
          callerIdName,
          callerIdNumber,
          ways: [{ ...way, headers: { ...headers, ...way.headers } }],
          wish: {
            screen: async (leg) => {
              await hearBefore(noun, leg, context, about);
              return true;
            },
          },
        },
      },
    },
    { limitMs, answerFirst: false, earlyMedia: false, endLegOn: '', endCallOn: '', span },
  );
  if (dialled.bridged) return dialled.answeredMs;
  return dialled.status === 'completed' ? undefined : 'gone';
}

/** Runs `url` on the queued caller's leg. */
async function hearBefore(
  { url, method }: QueueNoun,
  call: Call,
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

async function connect(caller: Call, { call, span }: TwimlContext, limit: AbortSignal): Promise<number> {
  const [own, theirs] = await Promise.all([call.media(), caller.media()]);
  const since = Date.now();
  span.event('pivot.queue.connected');
  await own.bridge(theirs, AbortSignal.any([call.signal, caller.signal, limit]));
  return Date.now() - since;
}
