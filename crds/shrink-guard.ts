import { type Fault, fault } from './errors/fault.ts';
import { streamCodes } from './errors/stream.ts';
import type { Route, RoutingTable } from './routing-table.ts';
import { compareRoutes } from './table-version.ts';

/** What counts as shrinking. */
export interface ShrinkLimits {
  /** Percent of the numbers, patterns and catch-alls that may go at once. */
  readonly percent: number;
  /** So many may go whatever the percentage: whoever has five numbers may delete four. */
  readonly free: number;
}

export const SHRINK_LIMITS: ShrinkLimits = { percent: 50, free: 20 };

/** A fault if a table would drop too many of the numbers of another; a number that only moves to another callflow is not dropped. */
export function refuseShrinking(from: RoutingTable, to: RoutingTable, limits: ShrinkLimits): Fault | undefined {
  const dropped = countDropped(from.routes, to.routes);
  if (dropped <= limits.free || dropped * 100 <= from.routes.length * limits.percent) return undefined;
  const message = `version ${to.version} would drop ${dropped} of ${from.routes.length} numbers at once, more than ${limits.percent} %`;
  return fault(streamCodes.shrinkRefused, message);
}

function countDropped(from: readonly Route[], to: readonly Route[]): number {
  let dropped = 0;
  let at = 0;
  for (const route of from) {
    // Without the callflow: what is asked is whether the number still goes anywhere.
    const claim = { ...route, callflow: '' } as unknown as Route;
    while (at < to.length && compareRoutes(to[at]!, claim) < 0) at++;
    const there = to[at];
    if (there === undefined || compareRoutes({ ...there, callflow: '' } as unknown as Route, claim) !== 0) dropped++;
  }
  return dropped;
}
