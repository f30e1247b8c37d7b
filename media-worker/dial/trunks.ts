import { dialCodes } from '../../crds/errors/dial.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import type { CompiledTrunk, ResourceKey, RoutingTable, SecretValues } from '../../crds/routing-table.ts';
import { type CallerId, callerHeaders, callerIdOn } from './caller-id.ts';
import { inTurn } from './in-turn.ts';
import { allowingPrefix, toE164, written } from './numbers.ts';
import type { Way } from './ring-plan.ts';

/** Calls that each trunk has now, on this worker. */
export interface TrunkCalls {
  /** One more; undefined when it has as many as it may. The call gives its place back by `release`, once. */
  take(trunk: ResourceKey, maxCalls: number | undefined): { release(): void } | undefined;
  of(trunk: ResourceKey): number;
}

export function createTrunkCalls(): TrunkCalls {
  const counts = new Map<ResourceKey, number>();
  const of = (trunk: ResourceKey): number => counts.get(trunk) ?? 0;
  return {
    of,
    take(trunk, maxCalls = Number.POSITIVE_INFINITY) {
      if (of(trunk) >= maxCalls) return undefined;
      counts.set(trunk, of(trunk) + 1);
      let held = true;
      return {
        release() {
          if (!held) return;
          held = false;
          if (of(trunk) === 1) counts.delete(trunk);
          else counts.set(trunk, of(trunk) - 1);
        },
      };
    },
  };
}

export interface TrunkChoice {
  readonly account: string;
  readonly table: Pick<RoutingTable, 'trunks'>;
  readonly secrets: SecretValues;
  readonly random: () => number;
  readonly warn: (fault: Fault) => void;
  /** The number is written as it is given. */
  readonly asIs?: boolean;
  /** Host of From, in place of the trunk's. */
  readonly fromDomain?: string;
}

/**
 * The ways to a number through the trunks of an account: those with the longest allowed prefix first, then by name; of each its servers by
 * priority and weight. Trunks of other accounts are never used. A fault when there is no trunk, or none may call the number.
 */
export function waysToNumber(
  number: string,
  callerId: CallerId,
  choice: TrunkChoice,
): { readonly ok: true; readonly ways: readonly Way[] } | { readonly ok: false; readonly fault: Fault } {
  const own = Object.entries(choice.table.trunks ?? {})
    .filter(([key]) => key.startsWith(`${choice.account}/`))
    .map(([key, trunk]) => ({ key: key as ResourceKey, trunk, called: toE164(number, trunk.countryCode) }));
  if (own.length === 0) {
    const message = `"${choice.account}" has no PivotTrunk, so ${number} cannot be called`;
    return { ok: false, fault: fault(dialCodes.noTrunk, message) };
  }
  const allowed = own
    .map((one) => ({ ...one, prefix: allowingPrefix(one.called, one.trunk.allowedPrefixes) }))
    .filter((one): one is typeof one & { prefix: string } => one.prefix !== undefined)
    .toSorted((a, b) => b.prefix.length - a.prefix.length || (a.key < b.key ? -1 : 1));
  if (allowed.length === 0) {
    const message = `${own[0]!.called} begins with no prefix that a PivotTrunk of "${choice.account}" may call`;
    return { ok: false, fault: fault(dialCodes.prefixRefused, message) };
  }
  return {
    ok: true,
    ways: allowed.flatMap(({ key, trunk, called }) =>
      waysThrough(key, trunk, choice.asIs === true ? number : called, callerId, choice),
    ),
  };
}

function waysThrough(
  key: ResourceKey,
  trunk: CompiledTrunk,
  called: string,
  wanted: CallerId,
  { secrets, random, warn, asIs, fromDomain }: TrunkChoice,
): Way[] {
  const { callerId, replaced } = callerIdOn(trunk, wanted);
  if (replaced) {
    const shown = callerId.number === '' ? 'no number' : callerId.number;
    warn(fault(dialCodes.callerIdReplaced, `${key} may not show ${wanted.number}; ${shown} is shown`));
  }
  const auth = authOf(key, trunk, secrets, warn);
  const number = asIs === true ? called : written(called, trunk.calledFormat, trunk.countryCode);
  return inTurn(trunk.servers, random).map((server): Way => {
    const { host, port, transport } = server;
    const parameters = transport === 'udp' ? '' : `;transport=${transport}`;
    return {
      uri: `sip:${number}@${host}${port === undefined ? '' : `:${port}`}${parameters}`,
      host: { host, transport, ...(port === undefined ? {} : { port }) },
      headers: callerHeaders(callerId, fromDomain ?? trunk.fromDomain ?? host),
      ...(auth === undefined ? {} : { auth }),
      trunk: { key, maxCalls: trunk.maxCalls },
      failoverMs: trunk.failoverMs,
    };
  });
}

function authOf(
  key: ResourceKey,
  { credentials }: CompiledTrunk,
  secrets: SecretValues,
  warn: (fault: Fault) => void,
): Way['auth'] {
  if (credentials === undefined) return undefined;
  const { namespace, name, key: field } = credentials.password.secretKeyRef;
  const password = secrets.get(`${namespace}/${name}/${field}`);
  if (password === undefined) {
    warn(fault(dialCodes.noCredentials, `${key}: the key ${field} of Secret ${namespace}/${name} is not there`));
    return undefined;
  }
  return { username: credentials.username, password };
}
