import { dialCodes } from '../../crds/errors/dial.ts';
import { faultOf } from '../../crds/errors/fault.ts';
import { pause } from '../call/waiting.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { BLeg } from './b-leg.ts';
import { CANCELED, type LegFailure, NOBODY_ANSWERED, worstOf } from './failure.ts';
import type { LegPlan, RingPlan } from './ring-plan.ts';

/** Who has taken the call, or why nobody has. */
export type Rung =
  | { readonly kind: 'taken'; readonly leg: BLeg }
  | { readonly kind: 'failed'; readonly failure: LegFailure };

export interface RingContext {
  /** A leg, not yet called. */
  readonly leg: (plan: LegPlan) => BLeg;
  /** Whoever answered and the call go together now: aborts when nobody is to be rung any more, whatever they were doing. */
  readonly signal: AbortSignal;
  readonly span: CallSpan;
}

/** Rings by a plan until somebody takes the call or everybody has failed. Never rejects; those who did not get the call are hung up. */
export function ring(plan: RingPlan, context: RingContext): Promise<Rung> {
  return ringOne(plan, context, context.signal);
}

/** `deadline`: legs that have not been answered when it aborts count as not answered. */
async function ringOne(plan: RingPlan, context: RingContext, deadline: AbortSignal): Promise<Rung> {
  switch (plan.kind) {
    case 'leg':
      return ringLeg(plan.leg, context, deadline);
    case 'nobody': {
      const { failure } = plan;
      if (failure.fault?.severity === 'warning') context.span.warn(failure.fault);
      else if (failure.fault !== undefined) {
        const span = context.span.attempt('dial.leg');
        span.fail(failure.fault);
        span.end();
      }
      return { kind: 'failed', failure };
    }
    case 'together':
      return ringTogether(plan, context, deadline);
    case 'inOrder':
      return ringInOrder(plan.of, context, deadline);
    case 'after':
      try {
        await pause(plan.ms, AbortSignal.any([context.signal, deadline]));
      } catch {
        return { kind: 'failed', failure: context.signal.aborted ? CANCELED : NOBODY_ANSWERED };
      }
      return ringOne(plan.ring, context, deadline);
    case 'within': {
      const own = new AbortController();
      const timer = setTimeout(() => own.abort(), plan.ms);
      try {
        return await ringOne(plan.ring, context, AbortSignal.any([deadline, own.signal]));
      } finally {
        clearTimeout(timer);
      }
    }
    case 'instead': {
      const rung = await ringOne(plan.first, context, deadline);
      if (rung.kind === 'taken' || context.signal.aborted || !plan.when(rung.failure)) return rung;
      return ringOne(plan.otherwise, context, deadline);
    }
  }
}

async function ringTogether(
  { of: plans, failOnReject }: Extract<RingPlan, { kind: 'together' }>,
  context: RingContext,
  deadline: AbortSignal,
): Promise<Rung> {
  const others = new AbortController();
  const signal = AbortSignal.any([context.signal, others.signal]);
  let winner: Rung | undefined;
  const ended = await Promise.all(
    plans.map(async (plan) => {
      const rung = await ringOne(plan, { ...context, signal }, deadline);
      if (rung.kind === 'failed') {
        if (failOnReject === true && rung.failure.cause === 'CALL_REJECTED')
          others.abort(new Error('somebody has declined'));
        return rung;
      }
      // Two who take it at the same moment: the second is hung up.
      if (winner === undefined) {
        winner = rung;
        others.abort(new Error('somebody else has taken the call'));
      } else rung.leg.cancel(CANCELED);
      return rung;
    }),
  );
  if (winner !== undefined) return winner;
  return { kind: 'failed', failure: worstOf(ended.flatMap((rung) => (rung.kind === 'failed' ? [rung.failure] : []))) };
}

async function ringInOrder(plans: readonly RingPlan[], context: RingContext, deadline: AbortSignal): Promise<Rung> {
  const failures: LegFailure[] = [];
  for (const plan of plans) {
    if (context.signal.aborted || deadline.aborted) break;
    const rung = await ringOne(plan, context, deadline);
    if (rung.kind === 'taken') return rung;
    failures.push(rung.failure);
  }
  if (failures.length === 0) return { kind: 'failed', failure: context.signal.aborted ? CANCELED : NOBODY_ANSWERED };
  return { kind: 'failed', failure: worstOf(failures) };
}

async function ringLeg(plan: LegPlan, context: RingContext, deadline: AbortSignal): Promise<Rung> {
  if (context.signal.aborted) return { kind: 'failed', failure: CANCELED };
  if (deadline.aborted) return { kind: 'failed', failure: NOBODY_ANSWERED };
  const leg = context.leg(plan);
  const onCancel = (): void => leg.cancel(CANCELED);
  const onDeadline = (): void => {
    if (!leg.answered) leg.cancel(NOBODY_ANSWERED);
  };
  context.signal.addEventListener('abort', onCancel, { once: true });
  deadline.addEventListener('abort', onDeadline, { once: true });
  try {
    const failure = await leg.ring();
    if (failure !== undefined) return { kind: 'failed', failure };
    deadline.removeEventListener('abort', onDeadline);
    if (await takes(leg, plan)) return { kind: 'taken', leg };
    leg.cancel(DECLINED);
    return { kind: 'failed', failure: { ...DECLINED, callId: leg.callId } };
  } finally {
    context.signal.removeEventListener('abort', onCancel);
    deadline.removeEventListener('abort', onDeadline);
  }
}

/** The called side was there and did not want the call: as if nobody had answered (spec pivot-behaviour 5.14, Twilio says the same). */
const DECLINED: LegFailure = { status: 'no-answer', cause: 'CALL_REJECTED' };

/** What is done with a leg before it gets the call; false: it does not. */
async function takes(leg: BLeg, { wish }: LegPlan): Promise<boolean> {
  try {
    if (wish.sendDigits !== undefined) await leg.sendDigits(wish.sendDigits);
    if (wish.screen === undefined) return true;
    return (await wish.screen(leg, leg.span)) && !leg.signal.aborted;
  } catch (error) {
    if (!leg.signal.aborted) leg.span.warn(faultOf(error, dialCodes.screenFailed));
    return false;
  }
}
