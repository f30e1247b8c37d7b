import type { JsonObject } from '../../../crds/callflow/node.ts';
import { engineCodes } from '../../../crds/errors/engine.ts';
import { fault } from '../../../crds/errors/fault.ts';
import { type CallerId, callerIdOf } from '../../dial/caller-id.ts';
import type { Dialled } from '../../dial/dial.ts';
import type { RingPlan } from '../../dial/ring-plan.ts';
import { ringTone } from '../../dial/ring-tones.ts';
import { flag, isObject, object, text } from '../data.ts';
import type { ModuleContext, Outcome } from '../module.ts';
import { soundOf } from './play.ts';

/** What the modules that call somebody have in common: how a leg is wished for, and what follows when it is over. */

/** As long as any call out may last: no module has a limit. */
const LIMIT_MS = 86_400_000;
/** Kazoo's system default where a time is 0. */
export const DEFAULT_RING_SECONDS = 20;

export interface Calling {
  /** Whether the caller may hear what the called side plays before it answers. */
  readonly earlyMedia: boolean;
  /** A failure without a child of its own goes on at `_`; otherwise the call ends with its cause. */
  readonly fallsBack: boolean;
}

/** Rings by a plan, connects, and says what follows: nothing after a call that was answered; else the child named by its failure. */
export async function callOut(
  context: ModuleContext,
  data: JsonObject,
  plan: RingPlan,
  how: Calling,
): Promise<Outcome> {
  const dialled = await attempt(context, data, plan, how);
  return dialled.status === 'completed' ? { kind: 'stop' } : failedOutcome(dialled, how.fallsBack);
}

export async function attempt(
  { services, span }: ModuleContext,
  data: JsonObject,
  plan: RingPlan,
  { earlyMedia }: Calling,
): Promise<Dialled> {
  const ringback = text(data, 'ringback');
  const dialled = await services.dialler.dial(plan, {
    limitMs: LIMIT_MS,
    answerFirst: false,
    earlyMedia,
    ringback: ringback === undefined ? ringTone('us') : soundOf(ringback),
    endLegOn: '',
    endCallOn: '',
    span,
  });
  const { status, cause, sipStatus, bridged, answeredMs, legCallId } = dialled;
  span.set({
    'pivot.dial.status': status,
    'pivot.dial.cause': cause,
    'pivot.dial.bridged': bridged,
    'pivot.dial.answered_ms': answeredMs,
    ...(sipStatus === undefined ? {} : { 'pivot.sip.status': sipStatus }),
    ...(legCallId === undefined ? {} : { 'pivot.leg.call_id': legCallId }),
  });
  return dialled;
}

/** Kazoo's order: the child named like the cause, then the one named like the SIP status. */
export function failedOutcome({ cause, sipStatus }: Dialled, fallsBack: boolean): Outcome {
  const keys = failureKeys({ cause, sipStatus });
  return { kind: 'attempt', keys, otherwise: fallsBack ? { kind: 'continue' } : { kind: 'stop', cause } };
}

export function failureKeys({ cause, sipStatus }: { cause: string; sipStatus?: number | undefined }): string[] {
  return [cause, ...(sipStatus === undefined ? [] : [`sip:${sipStatus}`])];
}

/** Who is shown, hidden with `suppress_clid`. */
export function callerIdFor({ call }: ModuleContext, data: JsonObject): CallerId {
  const callerId = callerIdOf(call);
  return flag(data, 'suppress_clid') === true ? { ...callerId, hide: { number: true, name: true } } : callerId;
}

/** Names that an action may give an INVITE. */
const ALLOWED_HEADER = /^(?:x-[a-z0-9-]{1,60}|alert-info|user-to-user)$/i;
const LONGEST_VALUE = 1024;

/** `custom_sip_headers`: names and texts, or two such objects under `in` and `out`, of which `out` counts. */
export function headersOf({ span }: ModuleContext, data: JsonObject): Record<string, string> {
  const given = object(data, 'custom_sip_headers') ?? {};
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(isObject(given['out']) ? given['out'] : given)) {
    if (name === 'in' || (typeof value !== 'string' && typeof value !== 'number')) continue;
    if (ALLOWED_HEADER.test(name)) {
      headers[name] = String(value)
        .slice(0, LONGEST_VALUE)
        .replace(/\p{Cc}+/gu, ' ')
        .trim();
    } else {
      const message = `The header ${JSON.stringify(name.slice(0, 64))} may not be given; X-… may, Alert-Info and User-to-User`;
      span.warn(fault(engineCodes.badActionData, message));
    }
  }
  return headers;
}

/** A plan that begins later, and is given up after some time. */
export function timed(ring: RingPlan, delaySeconds: number, ringSeconds: number): RingPlan {
  const within: RingPlan = { kind: 'within', ms: ringSeconds * 1000, ring };
  return delaySeconds > 0 ? { kind: 'after', ms: delaySeconds * 1000, ring: within } : within;
}
