import type { Register } from './register.ts';

/** Where a telephone is, until when. Plain data, as it stands in the store. */
export interface Binding {
  readonly uri: string;
  /** Where its REGISTER came from: `sip:HOST:PORT;transport=tcp`. Requests for it go there. */
  readonly route: string;
  readonly callId: string;
  readonly cseq: number;
  /** Epoch milliseconds. */
  readonly until: number;
  /** When it was last refreshed. Epoch milliseconds. */
  readonly at: number;
  readonly instance?: string;
  readonly userAgent: string;
  /** Name of the worker that took it. */
  readonly worker: string;
}

/** Seconds that a registration may last. */
export interface Durations {
  readonly least: number;
  readonly most: number;
}

export interface Source {
  readonly route: string;
  readonly worker: string;
  readonly now: number;
}

export type Applied =
  | {
      readonly ok: true;
      readonly bindings: readonly Binding[];
      /** What it came to, for metrics and traces: a refresh is no news. */
      readonly change: 'registered' | 'refreshed' | 'removed' | 'asked';
      /** Had to go since there are more than may be. */
      readonly dropped: readonly Binding[];
    }
  /** `interval`: too short (423). `order`: older than what is known (RFC 3261 section 10.3, steps 6 and 7). */
  | { readonly ok: false; readonly why: 'interval' | 'order' };

/** Seconds where a telephone asks for none. */
const USUAL_SECONDS = 3600;

/** What a REGISTER makes of the bindings of a device, all of it or nothing. */
export function apply(
  register: Register,
  before: readonly Binding[],
  source: Source,
  durations: Durations,
  mostContacts: number,
): Applied {
  const { now } = source;
  const live = before.filter(({ until }) => until > now);
  const { contacts, callId, cseq } = register;
  const outOfOrder = ({ callId: known, cseq: last }: Binding): boolean => known === callId && cseq <= last;
  if (contacts === 'all') {
    if (live.some(outOfOrder)) return { ok: false, why: 'order' };
    return { ok: true, bindings: [], change: live.length > 0 ? 'removed' : 'asked', dropped: [] };
  }
  let bindings: readonly Binding[] = live;
  let change: Extract<Applied, { ok: true }>['change'] = 'asked';
  for (const { uri, expires, instance } of contacts) {
    const known = live.find((one) => isSame(one, uri, instance));
    if (known !== undefined && outOfOrder(known)) return { ok: false, why: 'order' };
    const asked = expires ?? register.expires ?? USUAL_SECONDS;
    if (asked > 0 && asked < durations.least) return { ok: false, why: 'interval' };
    bindings = bindings.filter((one) => !isSame(one, uri, instance));
    if (asked === 0) {
      if (known !== undefined && change !== 'registered') change = 'removed';
      continue;
    }
    const moved = known === undefined || known.uri !== uri || known.route !== source.route;
    if (moved) change = 'registered';
    else if (change === 'asked') change = 'refreshed';
    const binding: Binding = {
      uri,
      route: source.route,
      callId,
      cseq,
      until: now + Math.min(asked, durations.most) * 1000,
      at: now,
      ...(instance === undefined ? {} : { instance }),
      userAgent: register.userAgent,
      worker: source.worker,
    };
    bindings = [binding, ...bindings];
  }
  // The newest stay: a telephone that starts anew at another address is not kept out by what it has left behind.
  const sorted = bindings.toSorted((a, b) => b.at - a.at);
  return { ok: true, bindings: sorted.slice(0, mostContacts), change, dropped: sorted.slice(mostContacts) };
}

function isSame(binding: Binding, uri: string, instance: string | undefined): boolean {
  return binding.uri === uri || (instance !== undefined && binding.instance === instance);
}

/** Bindings as the store has them; what cannot be read is none. */
export function readBindings(text: string | undefined): readonly Binding[] {
  if (text === undefined) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isBinding) : [];
  } catch {
    return [];
  }
}

function isBinding(value: unknown): value is Binding {
  if (value === null || typeof value !== 'object') return false;
  const { uri, route, callId, cseq, until, at, userAgent, worker, instance } = value as Record<string, unknown>;
  return (
    [uri, route, callId, userAgent, worker].every((text) => typeof text === 'string') &&
    [cseq, until, at].every((number) => typeof number === 'number') &&
    (instance === undefined || typeof instance === 'string')
  );
}
