import type { ResourceKey } from '../../../crds/routing-table.ts';
import type { Call } from '../../call/call.ts';

/** The users who own the calling device: a call does not ring them, unless they may call themselves. */
export function callersOwn(call: Call, mayCallSelf: boolean): ReadonlySet<ResourceKey> {
  const { account, userIds } = call.facts();
  return new Set(mayCallSelf ? [] : userIds.map((name): ResourceKey => `${account}/${name}`));
}
