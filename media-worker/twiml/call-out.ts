import { dialCodes } from '../../crds/errors/dial.ts';
import { fault } from '../../crds/errors/fault.ts';
import type { Call } from '../call/call.ts';
import { unlessAborted } from '../call/waiting.ts';
import { type CallerId, callerIdOf, readCallerId } from '../dial/caller-id.ts';
import type { Dialled } from '../dial/dial.ts';
import type { LegCallback } from '../dial/leg-events.ts';
import { group, type LegWish, legsOf, type RingPlan } from '../dial/ring-plan.ts';
import { ringTone } from '../dial/ring-tones.ts';
import type { RecordingAbout } from '../recordings/entry.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { CalledNoun } from './nouns/called.ts';
import type { NextExchange, TwimlContext } from './outcome.ts';
import { runDocument } from './run.ts';
import { resolveUrl } from './urls.ts';
import type { DialVerb } from './verbs/dial.ts';
import { callbackOf, uploadOf } from './verbs/record.ts';
import type { Verb } from './verbs/registry.ts';

/** Telephones that one `<Dial>` rings at most. */
const MOST_LEGS = 30;

/** Calls out for a `<Dial>`; the parameters for its `action`. Never rejects. */
export async function callOut(verb: DialVerb, context: TwimlContext): Promise<Readonly<Record<string, string>>> {
  const { call, span, dialler } = context;
  const callerId = callerIdFor(verb, call);
  const plans: RingPlan[] = [];
  let legs = 0;
  for (const noun of verb.called) {
    const plan = await dialler.plan({ target: noun.target, wish: wishOf(noun, context) }, callerId);
    legs += legsOf(plan);
    if (legs > MOST_LEGS) {
      span.warn(
        fault(dialCodes.tooManyEndpoints, `more than ${MOST_LEGS} telephones were to be rung; the rest are not`),
      );
      break;
    }
    plans.push(plan);
  }
  const ms = verb.timeout * 1000;
  const within = (ring: RingPlan): RingPlan => ({ kind: 'within', ms, ring });
  const plan =
    verb.sequential || verb.strategy === 'single'
      ? group('inOrder', plans.map(within))
      : within(group('together', plans));
  const about = recordingOf(verb, context);
  const dialled = await dialler.dial(plan, {
    limitMs: verb.timeLimit * 1000,
    // As Kazoo does it: a number as plain text answers, elements are answered by the connection (spec pivot-behaviour 5.4).
    answerFirst: !(verb.answerOnBridge ?? !verb.isText),
    earlyMedia: true,
    ringback: ringTone(verb.ringTone),
    endLegOn: verb.hangupOnStar ? '*' : '',
    endCallOn: verb.hangupOn,
    ...(about === undefined
      ? {}
      : {
          recording: { about, settings: context.settings, fromRinging: verb.record.startsWith('record-from-ringing') },
        }),
    span,
  });
  note(dialled, span);
  return parametersOf(dialled, verb);
}

function callerIdFor({ callerId }: DialVerb, call: Call): CallerId {
  const own = callerIdOf(call);
  return callerId === undefined ? own : { ...own, number: readCallerId(callerId), name: '' };
}

function note({ status, cause, sipStatus, legCallId, bridged, answeredMs }: Dialled, span: CallSpan): void {
  span.set({
    'pivot.dial.status': status,
    'pivot.dial.cause': cause,
    'pivot.dial.bridged': bridged,
    'pivot.dial.answered_ms': answeredMs,
    ...(sipStatus === undefined ? {} : { 'pivot.sip.status': sipStatus }),
    ...(legCallId === undefined ? {} : { 'pivot.leg.call_id': legCallId }),
  });
}

function parametersOf(dialled: Dialled, verb: DialVerb): Readonly<Record<string, string>> {
  return {
    DialCallStatus: dialled.status,
    DialCallSid: dialled.legCallId ?? '',
    DialCallDuration: String(Math.round(dialled.answeredMs / 1000)),
    DialBridged: String(dialled.bridged),
    ...(verb.collect_dtmf ? { Digits: dialled.digits } : {}),
  };
}

function recordingOf(verb: DialVerb, context: TwimlContext): RecordingAbout | undefined {
  if (verb.record === 'do-not-record' || verb.record === 'false') return undefined;
  const { account, callId, callflow } = context.call.facts();
  const callback = callbackOf(verb, context);
  const upload = uploadOf(verb, context);
  return {
    account,
    callId,
    callflow,
    source: 'DialVerb',
    channels: verb.record.endsWith('-dual') ? 2 : 1,
    format: 'wav',
    trim: verb.trim === 'trim-silence',
    traceparent: context.span.traceparent,
    ...(upload === undefined ? {} : { upload }),
    ...(callback === undefined ? {} : { callback }),
  };
}

function wishOf(noun: CalledNoun, context: TwimlContext): LegWish {
  const { sendDigits, url, method } = noun;
  const callback = statusCallbackOf(noun, context);
  return {
    ...(sendDigits === undefined || sendDigits === '' ? {} : { sendDigits }),
    ...(callback === undefined ? {} : { callback }),
    ...(url === undefined
      ? {}
      : {
          screen: (leg, span) => {
            const first = {
              url: resolveUrl(context.documentUrl, url),
              method: method ?? 'POST',
              parameters: {},
            } as const;
            return screen(first, leg, span, context);
          },
        }),
  };
}

function statusCallbackOf(noun: CalledNoun, { documentUrl, settings }: TwimlContext): LegCallback | undefined {
  if (noun.statusCallback === undefined) return undefined;
  return {
    url: resolveUrl(documentUrl, noun.statusCallback),
    method: noun.statusCallbackMethod ?? 'POST',
    events: noun.statusCallbackEvent,
    settings,
  };
}

/** Verbs that mean something before both sides are connected. */
const SCREEN_VERBS: readonly Verb['verb'][] = ['Say', 'Play', 'Pause', 'Gather', 'Redirect', 'Set', 'Hangup'];

/** Runs the documents for the called side; whether it takes the call. Rejects when the leg is over. */
async function screen(first: NextExchange, leg: Call, span: CallSpan, context: TwimlContext): Promise<boolean> {
  let next = first;
  for (;;) {
    const answer = await unlessAborted(context.ask(next, { call: leg, span }), leg.signal);
    if (!answer.ok) {
      span.warn(fault(dialCodes.screenFailed, `${answer.fault.code} ${answer.fault.message}`));
      return false;
    }
    for (const { verb } of answer.document.verbs) {
      if (SCREEN_VERBS.includes(verb)) continue;
      span.warn(fault(dialCodes.screenVerb, `<${verb}> means nothing before the connection and was skipped`));
    }
    const verbs = answer.document.verbs.filter(({ verb }) => SCREEN_VERBS.includes(verb));
    const { documentUrl } = answer;
    const outcome = await runDocument({ verbs }, { ...context, call: leg, span, documentUrl });
    switch (outcome.kind) {
      case 'finished':
      case 'leave':
        return true;
      case 'stop':
        if (outcome.fault !== undefined) span.warn(fault(dialCodes.screenFailed, outcome.fault.message));
        return false;
      case 'exchange':
        next = outcome.next;
    }
  }
}
