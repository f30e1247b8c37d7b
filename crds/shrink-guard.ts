import { type Fault, fault } from './errors/fault.ts';
import { streamCodes } from './errors/stream.ts';
import type { Route, RoutingTable } from './routing-table.ts';
import { compareClaims } from './table-version.ts';

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
    // Most routes are the same objects in both.
    if (to[at] === route) {
      at++;
      continue;
    }
    while (at < to.length && compareClaims(to[at]!, route) < 0) at++;
    const there = to[at];
    if (there === undefined || compareClaims(there, route) !== 0) dropped++;
    else at++;
  }
  return dropped;
}
