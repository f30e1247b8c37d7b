import type { ResourceKey } from '../../../crds/routing-table.ts';
import type { Call } from '../../call/call.ts';

/** The calling device and the users who own it: a call does not ring them, unless they may call themselves. */
export function callersOwn(call: Call, mayCallSelf: boolean): ReadonlySet<ResourceKey> {
  if (mayCallSelf) return new Set();
  const { account, device, userIds } = call.facts();
  const users = userIds.map((name): ResourceKey => `${account}/${name}`);
  return new Set(device === undefined ? users : [device, ...users]);
}
