import { streamCodes } from '../../../crds/errors/stream.ts';
import type { ResourceKey, RoutingTable } from '../../../crds/routing-table.ts';
import { type RejectedObject, STREAM_LIMITS } from '../../../crds/stream.ts';
import { compilePattern } from '../patterns.ts';
import { Router } from '../router.ts';

export type BuiltRouter =
  | { readonly ok: true; readonly router: Router }
  /** `objects`: whose fault it is, as far as that can be told. */
  | { readonly ok: false; readonly message: string; readonly objects: readonly RejectedObject[] };

/** Puts a table to use, or says which callflows stand in the way. */
export function buildRouter(table: RoutingTable): BuiltRouter {
  try {
    return { ok: true, router: new Router(table) };
  } catch (error) {
    return { ok: false, message: describe(error), objects: culprits(table) };
  }
}

function culprits(table: RoutingTable): RejectedObject[] {
  const found = new Map<ResourceKey, RejectedObject>();
  for (const route of table.routes) {
    if (route.kind !== 'pattern' || found.has(route.callflow)) continue;
    try {
      compilePattern(route.pattern);
    } catch (error) {
      const message = `the pattern ${route.pattern.slice(0, 200)} does not compile: ${describe(error)}`;
      found.set(route.callflow, { key: route.callflow, code: streamCodes.objectRejected.code, message });
      if (found.size === STREAM_LIMITS.rejections) break;
    }
  }
  return [...found.values()];
}

function describe(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 500);
}
