import type { Route } from './routing-table.ts';

const ROUTE_ORDER: readonly Route['kind'][] = ['e164', 'extension', 'pattern', 'no_match'];

/** The canonical order of routes: by kind, account, then number or pattern, then callflow. */
export function compareRoutes(a: Route, b: Route): number {
  return compareClaims(a, b) || compareText(a.callflow, b.callflow);
}

/** The same, wherever the routes lead: 0 for one number that moves from callflow to callflow. */
export function compareClaims(a: Route, b: Route): number {
  return (
    (a.kind === b.kind ? 0 : ROUTE_ORDER.indexOf(a.kind) - ROUTE_ORDER.indexOf(b.kind)) ||
    compareText(accountOf(a), accountOf(b)) ||
    compareText(claimOf(a), claimOf(b))
  );
}

function accountOf(route: Route): string {
  return route.kind === 'e164' ? '' : route.account;
}

function claimOf(route: Route): string {
  if (route.kind === 'pattern') return route.pattern;
  return route.kind === 'no_match' ? '' : route.number;
}

/** By UTF-16 code units: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** JSON with the members of every object sorted by name: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => {
    if (one === null || typeof one !== 'object' || Array.isArray(one)) return one;
    // `Object.fromEntries` makes `__proto__` a member like any other.
    return Object.fromEntries(Object.entries(one).sort(([a], [b]) => compareText(a, b)));
  });
}
