import type { ResourceKey } from '../../crds/routing-table.ts';
import type { Call } from '../call/call.ts';
import type { Party } from '../call/facts.ts';
import type { SipHeaders } from '../sip/srf.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { LegFailure } from './failure.ts';
import type { LegCallback } from './leg-events.ts';
import type { Host } from './places.ts';

/** One way to reach somebody: an INVITE to one host. */
export interface Way {
  /** Request-URI. */
  readonly uri: string;
  readonly host: Host;
  /** Sent there, without a look at `host`: where a registered telephone is. */
  readonly route?: string;
  readonly headers: SipHeaders;
  readonly auth?: { readonly username: string; readonly password: string };
  readonly trunk?: { readonly key: ResourceKey; readonly maxCalls: number | undefined };
  /** Milliseconds without a response but 100 after which the next way is tried, where there is one. */
  readonly failoverMs?: number;
}

/** What is asked of a leg beside being rung. */
export interface LegWish {
  /** Sent when it is answered, before anything else. */
  readonly sendDigits?: string;
  /** Run on the leg when it is answered; false: the called side does not take the call. Rejects only when the leg is over. */
  readonly screen?: (leg: Call, span: CallSpan) => Promise<boolean>;
  readonly callback?: LegCallback;
}

/** One telephone to be rung. */
export interface LegPlan {
  /** For people and traces. */
  readonly name: string;
  readonly to: Party;
  readonly callerIdName: string;
  readonly callerIdNumber: string;
  /** Tried in this order; at least one. */
  readonly ways: readonly Way[];
  readonly wish: LegWish;
}

/** Who is rung, and in which order. Plain data, made anew for each attempt. */
export type RingPlan =
  | { readonly kind: 'leg'; readonly leg: LegPlan }
  /** Nobody can be rung there. */
  | { readonly kind: 'nobody'; readonly failure: LegFailure }
  /** The first who takes the call has it. `failOnReject`: the first who declines ends it for all. */
  | { readonly kind: 'together'; readonly of: readonly RingPlan[]; readonly failOnReject?: boolean }
  | { readonly kind: 'inOrder'; readonly of: readonly RingPlan[] }
  | { readonly kind: 'after'; readonly ms: number; readonly ring: RingPlan }
  /** Not answered within that time: no answer. */
  | { readonly kind: 'within'; readonly ms: number; readonly ring: RingPlan }
  /** `otherwise` is rung where `first` fails so. */
  | {
      readonly kind: 'instead';
      readonly first: RingPlan;
      readonly when: (failure: LegFailure) => boolean;
      readonly otherwise: RingPlan;
    };

/** Telephones that a plan may ring. */
export function legsOf(plan: RingPlan): number {
  switch (plan.kind) {
    case 'leg':
      return 1;
    case 'nobody':
      return 0;
    case 'together':
    case 'inOrder':
      return plan.of.reduce((sum, one) => sum + legsOf(one), 0);
    case 'after':
      return legsOf(plan.ring);
    case 'within':
      return legsOf(plan.ring);
    case 'instead':
      return legsOf(plan.first) + legsOf(plan.otherwise);
  }
}

/** Whether no two telephones ever ring at once: then the caller may hear what the called side plays before it answers. */
export function ringsAlone(plan: RingPlan): boolean {
  switch (plan.kind) {
    case 'leg':
    case 'nobody':
      return true;
    case 'together':
      return legsOf(plan) <= 1 && plan.of.every(ringsAlone);
    case 'inOrder':
      return plan.of.every(ringsAlone);
    case 'after':
      return ringsAlone(plan.ring);
    case 'within':
      return ringsAlone(plan.ring);
    case 'instead':
      return ringsAlone(plan.first) && ringsAlone(plan.otherwise);
  }
}

/** A group of plans, without needless nesting. */
export function group(kind: 'together' | 'inOrder', of: readonly RingPlan[]): RingPlan {
  return of.length === 1 ? of[0]! : { kind, of };
}
