import { fault } from '../../../crds/errors/fault.ts';
import { roomCodes } from '../../../crds/errors/rooms.ts';
import { twimlCodes } from '../../../crds/errors/twiml.ts';
import { MOST_QUEUED, type Ticket } from '../../queue/queues.ts';
import { type AttributesOf, type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import { METHOD, nextExchange } from '../next.ts';
import type { TwimlContext, VerbOutcome } from '../outcome.ts';
import type { Report } from '../report.ts';
import { CONTINUE, skipNested, type VerbDefinition, verbOf } from '../verb.ts';
import { hearWhile, type WaitVerbs, waitSource } from '../wait-source.ts';
import { directText, type XmlElement } from '../xml.ts';
import { soundReference } from './play.ts';

export const ENQUEUE_ATTRIBUTES = {
  action: {
    kind: 'url',
    default: undefined,
    description:
      'Where to ask when the caller is out of the queue, with `QueueResult` (`bridged`, `leave`, `hangup`, `queue-full`, `error`), `QueueSid`, `QueueTime` (seconds). Default: none; the next verb runs.',
  },
  method: METHOD,
  waitUrl: {
    kind: 'wait',
    default: undefined,
    description:
      'What is heard while waiting: a file (`.wav`, `.mp3`), a stream or a PivotMedia, again and again; or a document of `<Play>`, `<Say>`, `<Pause>`, `<Gather>`, `<Redirect>`, `<Leave>`, `<Hangup>`, which is asked for anew at its end, with `QueuePosition`, `QueueTime`, `AvgQueueTime`, `CurrentQueueSize`, `MaxQueueSize`, `QueueSid`. Empty: silence. Default: two soft notes now and then.',
  },
  waitUrlMethod: METHOD,
  maxQueueSize: { kind: 'not yet', description: 'A queue takes 1000 callers.' },
  workflowSid: { kind: 'not yet', description: 'TaskRouter.' },
} as const satisfies AttributeTable;

export interface EnqueueVerb extends Position, AttributesOf<typeof ENQUEUE_ATTRIBUTES> {
  readonly verb: 'Enqueue';
  readonly name: string;
}

function parse(element: XmlElement, report: Report): EnqueueVerb | undefined {
  const attributes = readAttributes(element, ENQUEUE_ATTRIBUTES, report);
  skipNested(element, report);
  const name = directText(element);
  if (name === '') {
    report.warn(twimlCodes.nothingToDo, '<Enqueue> names no queue; it was skipped.', element);
    return undefined;
  }
  return { ...verbOf('Enqueue', element), ...attributes, name };
}

const WAIT_VERBS: WaitVerbs = ['Play', 'Say', 'Pause', 'Gather', 'Redirect', 'Leave', 'Hangup'];

type Result = 'bridged' | 'leave' | 'hangup' | 'queue-full' | 'error';

function seconds(ms: number): string {
  return String(Math.round(ms / 1000));
}

/** What the document that is heard while waiting is asked with. */
async function placeOf(ticket: Ticket): Promise<Readonly<Record<string, string>>> {
  const { position, size, averageMs } = await ticket.standing();
  return {
    QueueSid: ticket.sid,
    QueuePosition: String(position),
    QueueTime: seconds(ticket.waitedMs()),
    AvgQueueTime: seconds(averageMs),
    CurrentQueueSize: String(size),
    MaxQueueSize: String(MOST_QUEUED),
  };
}

/** Waits, then is connected; resolves with what came of it. */
async function wait(verb: EnqueueVerb, ticket: Ticket, context: TwimlContext): Promise<Result> {
  const source = waitSource(verb.waitUrl, verb.waitUrlMethod, soundReference);
  try {
    const heard = await hearWhile(source, context, WAIT_VERBS, () => placeOf(ticket), ticket.taken);
    if (heard === 'left') return 'leave';
    // Whoever has taken the call says when it is over, also when the caller hangs up meanwhile.
    const { connectedMs } = await ticket.over;
    return connectedMs === undefined ? 'error' : 'bridged';
  } catch (error) {
    if (!context.call.signal.aborted) throw error;
    if (!ticket.taken.aborted) return 'hangup';
    const { connectedMs } = await ticket.over;
    return connectedMs === undefined ? 'hangup' : 'bridged';
  } finally {
    ticket.leave();
  }
}

async function execute(verb: EnqueueVerb, context: TwimlContext): Promise<VerbOutcome> {
  const { call, queues, span } = context;
  await call.answer();
  const ticket = await queues.enter(call.facts().account, verb.name, call);
  let result: Result = 'queue-full';
  let waitedMs = 0;
  if (ticket === undefined) span.warn(fault(roomCodes.queueFull, `"${verb.name}" has ${MOST_QUEUED} callers`));
  else {
    span.set({ 'pivot.queue.sid': ticket.sid });
    const onTaken = (): void => {
      waitedMs = ticket.waitedMs();
    };
    ticket.taken.addEventListener('abort', onTaken, { once: true });
    result = await wait(verb, ticket, context);
    if (!ticket.taken.aborted) waitedMs = ticket.waitedMs();
  }
  span.set({ 'pivot.queue.result': result, 'pivot.queue.waited_ms': waitedMs });
  if (verb.action === undefined) return CONTINUE;
  return nextExchange(context, verb.action, verb.method, {
    QueueResult: result,
    QueueTime: seconds(waitedMs),
    ...(ticket === undefined ? {} : { QueueSid: ticket.sid }),
  });
}

export const enqueue: VerbDefinition<EnqueueVerb> = {
  name: 'Enqueue',
  summary:
    'Puts the caller at the end of a queue of the account, until somebody takes the call by `<Dial><Queue>`, the caller leaves or hangs up. Answers the call. Workers that share a Redis have one line, whoever has the caller and whoever the agent.',
  content: 'The name of the queue. It exists once somebody names it.',
  example: '<Enqueue waitUrl="/waiting" action="/served">support</Enqueue>',
  attributes: ENQUEUE_ATTRIBUTES,
  differences: ['Kazoo does not have it.', 'Twilio’s `<Task>` and TaskRouter are not there.'],
  parse,
  execute,
};
