import type { CallerId } from '../caller-id.ts';
import type { Dialled, DialWish } from '../dial.ts';
import type { Dialler } from '../dialler.ts';
import type { Endpoint } from '../planner.ts';
import type { RingPlan } from '../ring-plan.ts';

/** A dialler whose calls all end in the same way; notes what was asked for. */
export class FakeDialler implements Dialler {
  readonly endpoints: (Endpoint & { readonly callerId: CallerId })[] = [];
  readonly dials: { readonly plan: RingPlan; readonly wish: DialWish }[] = [];
  readonly #results: readonly Partial<Dialled>[];

  /** One result for each call, the last for all further ones. */
  constructor(...results: readonly Partial<Dialled>[]) {
    this.#results = results;
  }

  async plan(endpoint: Endpoint, callerId: CallerId): Promise<RingPlan> {
    this.endpoints.push({ ...endpoint, callerId });
    const { target, wish } = endpoint;
    const name = target.kind === 'number' ? target.number : target.kind === 'sip' ? target.address : target.name;
    const leg = { name, to: { user: name }, callerIdName: '', callerIdNumber: '', ways: [], wish };
    return { kind: 'leg', leg };
  }

  async dial(plan: RingPlan, wish: DialWish): Promise<Dialled> {
    const result = this.#results[Math.min(this.dials.length, this.#results.length - 1)];
    this.dials.push({ plan, wish });
    return {
      status: 'completed',
      cause: 'NORMAL_CLEARING',
      bridged: true,
      answeredMs: 42_000,
      legCallId: 'leg-1',
      digits: '',
      ...result,
    };
  }
}
