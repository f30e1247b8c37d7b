import type { RoutingTable, SecretValues } from '../../crds/routing-table.ts';
import type { Call } from '../call/call.ts';
import type { CallResources } from '../call/resources.ts';
import type { Background } from '../callflow/background.ts';
import type { Outgoing } from '../outgoing/types.ts';
import type { Recordings } from '../recordings/recordings.ts';
import type { SignallingClient } from '../sip/srf.ts';
import type { CdrRecord } from '../webhook/cdr.ts';
import { BLeg, type BLegDeps } from './b-leg.ts';
import type { CallerId } from './caller-id.ts';
import type { CallsOut } from './calls-out.ts';
import type { Contacts } from './contacts.ts';
import { type Dialled, type DialWish, dial } from './dial.ts';
import { createPlaces, type Places } from './places.ts';
import { type Endpoint, Planner } from './planner.ts';
import type { RingPlan } from './ring-plan.ts';

/** Calls out of one call. Verbs and callflow modules see this and nothing of trunks or SIP. */
export interface Dialler {
  /** Who is rung for an endpoint, by the table that the call started with. What cannot be rung is in the plan, with its fault. */
  plan(endpoint: Endpoint, callerId: CallerId): Promise<RingPlan>;
  /** See `dial`. */
  dial(plan: RingPlan, wish: DialWish): Promise<Dialled>;
}

/** What all calls out of a worker share. */
export interface DiallingDeps {
  readonly signalling: SignallingClient;
  readonly resources: CallResources;
  readonly outgoing: Outgoing;
  readonly background: Background;
  readonly recordings: Pick<Recordings, 'open'>;
  readonly contacts: Contacts;
  readonly callsOut: CallsOut;
  /** Replaceable for tests. */
  readonly places?: Places;
  readonly random?: () => number;
}

export interface DiallerOptions {
  readonly call: Call;
  readonly table: Pick<RoutingTable, 'trunks' | 'users' | 'devices'>;
  readonly secrets: SecretValues;
  /** Both sides are connected. */
  readonly onBridged: () => void;
  /** A leg that was called is over. */
  readonly onLegOver: (record: CdrRecord) => void;
}

/** Makes the dialler of a call. */
export function createDialling(deps: DiallingDeps): (options: DiallerOptions) => Dialler {
  const { outgoing, background, callsOut, contacts, recordings, random = Math.random } = deps;
  const legDeps: BLegDeps = {
    signalling: deps.signalling,
    resources: deps.resources,
    places: deps.places ?? createPlaces(outgoing),
    trunks: callsOut.trunks,
    events: { outgoing, background, now: Date.now },
  };
  return ({ call, table, secrets, onBridged, onLegOver }) => {
    const planner = new Planner({
      account: call.facts().account,
      table,
      secrets,
      contacts,
      random,
      warn: (fault) => call.span.warn(fault),
    });
    return {
      plan: (endpoint, callerId) => planner.plan(endpoint, callerId),
      dial: (plan, wish) =>
        dial(plan, wish, {
          call,
          recordings,
          onBridged,
          leg(legPlan, span, onEarlyMedia) {
            const leg = new BLeg({ ...legDeps, plan: legPlan, parent: call, span, onEarlyMedia, onOver: onLegOver });
            callsOut.add(leg);
            return leg;
          },
        }),
    };
  };
}
