import type { JsonObject } from '../../../crds/callflow/node.ts';
import { engineCodes } from '../../../crds/errors/engine.ts';
import { fault } from '../../../crds/errors/fault.ts';
import { group, type RingPlan } from '../../dial/ring-plan.ts';
import { flag, integer, isObject, object, text } from '../data.ts';
import { type CallflowModule, CONTINUE, type ModuleContext, type Outcome } from '../module.ts';
import { attempt, callerIdFor, DEFAULT_RING_SECONDS, failedOutcome, failureKeys, timed } from './calling.ts';
import { callersOwn } from './own-endpoints.ts';

/** Kazoo's clocks count from the year 0. */
const GREGORIAN_EPOCH_SECONDS = 62_167_219_200;
const DEFAULT_WEIGHT = 20;
const MOST_REPEATS = 100;

/**
 * Rings several devices and users together, in order, or in an order by chance, round after round. Each member may ring later and for its own
 * time. Afterwards the flow stops. A round that fails in a way that has a child runs that child; after the last round the flow goes on at `_`.
 */
export const ringGroup: CallflowModule = {
  name: 'ring_group',
  describe: (data) => ({ 'pivot.ring_group.strategy': text(data, 'strategy') ?? 'simultaneous' }),
  async run(context, data): Promise<Outcome> {
    const rounds = Math.min(integer(data, 'repeats') ?? 1, MOST_REPEATS);
    const seconds = integer(data, 'timeout') || DEFAULT_RING_SECONDS;
    for (let round = 1; ; round += 1) {
      // Made anew for each round: a device that has registered meanwhile, or is not to be disturbed any more, counts.
      const plan = await roundOf(context, data);
      if (plan === undefined) return CONTINUE;
      const how = { earlyMedia: false, fallsBack: true };
      const dialled = await attempt(context, data, timed(plan, 0, seconds), how);
      if (dialled.status === 'completed') return { kind: 'stop' };
      const named = failureKeys(dialled).some((key) => Object.hasOwn(context.node.children ?? {}, key));
      if (named || round >= rounds || context.call.signal.aborted) return failedOutcome(dialled, true);
    }
  },
};

interface Member {
  readonly plan: RingPlan;
  readonly weight: number;
}

/** One round; undefined when nobody is left to be rung. */
async function roundOf(context: ModuleContext, data: JsonObject): Promise<RingPlan | undefined> {
  const given = data['endpoints'];
  const members: Member[] = [];
  for (const entry of Array.isArray(given) ? given : []) {
    if (isObject(entry)) members.push(...(await memberOf(context, data, entry)));
  }
  if (members.length === 0) return undefined;
  switch (text(data, 'strategy')) {
    case 'single':
      return group(
        'inOrder',
        members.map(({ plan }) => plan),
      );
    case 'weighted_random':
      return group(
        'inOrder',
        byChance(members).map(({ plan }) => plan),
      );
    default: {
      const of = members.map(({ plan }) => plan);
      return of.length === 1
        ? of[0]
        : { kind: 'together', of, failOnReject: flag(data, 'fail_on_single_reject') === true };
    }
  }
}

async function memberOf(context: ModuleContext, data: JsonObject, entry: JsonObject): Promise<readonly Member[]> {
  const { call, services, span } = context;
  const name = text(entry, 'id');
  const kind = text(entry, 'endpoint_type') ?? 'device';
  if (name === undefined) return [];
  const now = Math.floor(Date.now() / 1000) + GREGORIAN_EPOCH_SECONDS;
  if (now <= (integer(entry, 'disable_until') ?? 0)) return [];
  if (kind !== 'device' && kind !== 'user') {
    span.warn(fault(engineCodes.badActionData, `Members of the kind "${kind.slice(0, 32)}" are not rung yet`));
    return [];
  }
  const plan = await services.dialler.plan(
    {
      target: { kind, name },
      wish: {},
      headers: alertInfo(context, data),
      except: callersOwn(call, false),
    },
    callerIdFor(context, data),
  );
  const seconds = integer(entry, 'timeout') || DEFAULT_RING_SECONDS;
  return [
    { plan: timed(plan, integer(entry, 'delay') ?? 0, seconds), weight: integer(entry, 'weight') ?? DEFAULT_WEIGHT },
  ];
}

/** `ringtones`: how the telephones are to ring, for callers from inside and from outside. */
function alertInfo({ call }: ModuleContext, data: JsonObject): Record<string, string> {
  const tones = object(data, 'ringtones') ?? {};
  const tone = text(tones, call.facts().userIds.length > 0 ? 'internal' : 'external');
  return tone === undefined ? {} : { 'Alert-Info': tone.replace(/\p{Cc}+/gu, ' ').slice(0, 256) };
}

/** The heavier a member, the sooner it is likely to ring. */
function byChance(members: readonly Member[]): readonly Member[] {
  const left = [...members];
  const order: Member[] = [];
  while (left.length > 0) {
    let mark = Math.random() * left.reduce((sum, { weight }) => sum + weight, 0);
    const at = left.findIndex(({ weight }) => {
      mark -= weight;
      return mark < 0;
    });
    order.push(...left.splice(Math.max(at, 0), 1));
  }
  return order;
}
