import type { PivotCallflow } from '../crds/resources.ts';

/** A condition as Kubernetes has them, as far as the page shows it. */
export interface CallflowCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** The last exchange of a callflow that failed, as far as its status tells: not every one is written there. */
export interface CallflowFailure {
  readonly time: string;
  readonly code: string;
  readonly message: string;
  /** Of the call; empty when it is not known. */
  readonly trace_id: string;
}

/** A callflow and what became of it, for people to read. */
export interface CallflowView {
  readonly account: string;
  readonly name: string;
  readonly numbers: readonly string[];
  readonly patterns: readonly string[];
  /** Whom it asks; absent when it asks nobody at first. */
  readonly asks?: { readonly url: string; readonly method: string; readonly format: string };
  /** Module at the root of `spec.flow`, when it asks nobody at first. */
  readonly module?: string;
  /** Whether headers and bodies of its exchanges are kept. */
  readonly debug: boolean;
  readonly conditions: readonly CallflowCondition[];
  readonly last_failure?: CallflowFailure;
}

/** The callflows that there are. */
export interface CallflowSource {
  list(): readonly CallflowView[];
  /** Calls `changed` after each change; returns the way to stop. */
  watch(changed: () => void): () => void;
}

/** `undefined`: a callflow that could not even be read. */
export function viewOf(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  spec: PivotCallflow['spec'] | undefined,
  conditions: readonly CallflowCondition[],
  lastFailure?: CallflowFailure,
): CallflowView {
  const { asks, module, debug } = rootOf(spec);
  return {
    account: namespace,
    name,
    numbers: [...(spec?.numbers ?? [])],
    patterns: [...(spec?.patterns ?? [])],
    ...(asks === undefined ? {} : { asks }),
    ...(module === undefined ? {} : { module }),
    debug,
    conditions: conditions.map(({ type, status, reason, message }) => ({ type, status, reason, message })),
    ...(lastFailure === undefined ? {} : { last_failure: lastFailure }),
  };
}

function rootOf(spec: PivotCallflow['spec'] | undefined): Pick<CallflowView, 'asks' | 'module' | 'debug'> {
  const flow = record(spec?.flow);
  const module = spec?.pivot === undefined ? text(flow['module']) : 'pivot';
  if (module !== 'pivot') return { ...(module === undefined ? {} : { module }), debug: false };
  const pivot = spec?.pivot === undefined ? record(flow['data']) : record(spec.pivot);
  return {
    asks: {
      url: withoutCredentials(text(pivot['voice_url']) ?? ''),
      method: text(pivot['method']) ?? 'get',
      format: text(pivot['req_format']) ?? 'kazoo',
    },
    debug: pivot['debug'] === true,
  };
}

/** Credentials may stand in a URL; nobody is shown them. Nor its query, which may hold a key. */
function withoutCredentials(url: string): string {
  if (!URL.canParse(url)) return '';
  const { origin, pathname, search } = new URL(url);
  return `${origin}${pathname}${search === '' ? '' : '?…'}`;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
