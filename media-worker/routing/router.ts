import { isE164, normalizeNumber } from '../../crds/numbers.ts';
import type { CompiledCallflow, CompiledMedia, ResourceKey, RoutingTable } from '../../crds/routing-table.ts';
import { type CompiledPattern, compilePattern } from './patterns.ts';

/** What to look a call up by. */
export interface Dialled {
  /** User part of the request URI. */
  readonly number: string;
  /** Host of the request URI: names the account by realm. */
  readonly host?: string;
  /** Account of the authenticated device, when there is one; it goes before the realm. */
  readonly account?: string;
}

export interface Routed {
  readonly callflow: CompiledCallflow;
  readonly account: string;
  /** The number as it was matched. */
  readonly number: string;
  readonly by: 'number' | 'pattern' | 'no_match';
  /** What the pattern captured; empty unless `by` is `pattern`. */
  readonly captureGroup: string;
  readonly namedGroups: Readonly<Record<string, string>>;
}

export type RouteResult =
  | { readonly ok: true; readonly routed: Routed }
  | { readonly ok: false; readonly account: string; readonly number: string };

interface AccountRoutes {
  readonly extensions: Map<string, CompiledCallflow>;
  readonly patterns: { readonly pattern: CompiledPattern; readonly callflow: CompiledCallflow }[];
  noMatch: CompiledCallflow | undefined;
}

/** `no_match` answers numbers only: an extension like `help` that nobody claims is an error, not a catch-all (Kazoo's rule). */
const ALL_DIGITS = /^\+?[0-9]+$/;

/**
 * Index over one routing table. Immutable: a new table makes a new router, and calls in progress keep what they were given.
 * Look-up of an exact number is two map reads; patterns run only when no number matched.
 */
export class Router {
  readonly version: string;
  readonly table: RoutingTable;
  readonly #e164 = new Map<string, CompiledCallflow>();
  readonly #accounts = new Map<string, AccountRoutes>();

  constructor(table: RoutingTable) {
    this.version = table.version;
    this.table = table;
    for (const route of table.routes) {
      const callflow = table.callflows[route.callflow];
      if (callflow === undefined) continue;
      if (route.kind === 'e164') this.#e164.set(route.number, callflow);
      else if (route.kind === 'extension') this.#account(route.account).extensions.set(route.number, callflow);
      else if (route.kind === 'no_match') this.#account(route.account).noMatch = callflow;
      else this.#account(route.account).patterns.push({ pattern: compilePattern(route.pattern), callflow });
    }
  }

  /** Numbers and extensions that have a route. */
  get numberCount(): number {
    let count = this.#e164.size;
    for (const account of this.#accounts.values()) count += account.extensions.size;
    return count;
  }

  /** The callflow of an account by its resource name, for actions that jump to it. */
  callflow(account: string, name: string): CompiledCallflow | undefined {
    const key: ResourceKey = `${account}/${name}`;
    return Object.hasOwn(this.table.callflows, key) ? this.table.callflows[key] : undefined;
  }

  /** The sound that has this name in an account. */
  media(account: string, name: string): CompiledMedia | undefined {
    const key: ResourceKey = `${account}/${name}`;
    const { media = {} } = this.table;
    return Object.hasOwn(media, key) ? media[key] : undefined;
  }

  /** The account in which a call's number is looked up: the device's, else the realm's, else the default. */
  accountOf({ account, host }: Dialled): string {
    return account ?? this.accountNamed(host) ?? this.table.defaultAccount;
  }

  resolve(dialled: Dialled): RouteResult {
    const account = this.accountOf(dialled);
    const number = normalizeNumber(dialled.number);
    const routes = this.#accounts.get(account);
    const exact = (isE164(number) ? this.#e164.get(number) : undefined) ?? routes?.extensions.get(number);
    if (exact !== undefined) return found(exact, number, 'number', '', {});

    let best:
      | { callflow: CompiledCallflow; candidate: string; namedGroups: Readonly<Record<string, string>> }
      | undefined;
    for (const { pattern, callflow } of routes?.patterns ?? []) {
      const match = pattern.match(number);
      // The strictly longest candidate wins; the first on a tie.
      if (match !== undefined && (best === undefined || match.candidate.length > best.candidate.length)) {
        best = { callflow, ...match };
      }
    }
    if (best !== undefined) return found(best.callflow, number, 'pattern', best.candidate, best.namedGroups);
    if (routes?.noMatch !== undefined && ALL_DIGITS.test(number))
      return found(routes.noMatch, number, 'no_match', '', {});
    return { ok: false, account, number };
  }

  /** The account that a host names: by a realm, or as `NAMESPACE.BASE-DOMAIN`. */
  accountNamed(host: string | undefined): string | undefined {
    if (host === undefined) return undefined;
    if (Object.hasOwn(this.table.realms, host)) return this.table.realms[host]!;
    const suffix = this.table.baseDomain === undefined ? undefined : `.${this.table.baseDomain}`;
    if (suffix === undefined || !host.endsWith(suffix) || host.length <= suffix.length) return undefined;
    return host.slice(0, -suffix.length);
  }

  #account(name: string): AccountRoutes {
    let routes = this.#accounts.get(name);
    if (routes === undefined) {
      routes = { extensions: new Map(), patterns: [], noMatch: undefined };
      this.#accounts.set(name, routes);
    }
    return routes;
  }
}

function found(
  callflow: CompiledCallflow,
  number: string,
  by: Routed['by'],
  captureGroup: string,
  namedGroups: Readonly<Record<string, string>>,
): RouteResult {
  return { ok: true, routed: { callflow, account: callflow.account, number, by, captureGroup, namedGroups } };
}
