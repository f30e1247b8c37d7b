import { type Fault, fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import { locateFault } from '../../crds/locate.ts';
import type { Located, PivotCallflow, PivotMedia, Secret } from '../../crds/resources.ts';
import type { CompiledCallflow, CompiledMedia, ResourceKey, Route, RoutingTable } from '../../crds/routing-table.ts';
import { compareRoutes, compareText, tableVersion } from '../../crds/table-version.ts';
import { type Check, type CheckedCallflow, type CheckOptions, checkCallflow, keyOf } from './check.ts';
import { allocate, type Claim, claimName, type Owners, showClaim } from './claims.ts';
import { compileMedia } from './media.ts';
import { allocateRealms } from './realms.ts';
import type { CompileResult, ResourceStatus } from './result.ts';
import { resolveSecrets } from './secrets.ts';
import { statusOf } from './status.ts';

/** Checks already made, by resource object. Keep one for as long as the options stay the same. */
export type CompileCache = WeakMap<PivotCallflow, Check>;

export interface CompileOptions extends CheckOptions {
  /** Account of calls that name no other; `default` unless set. */
  readonly defaultAccount?: string;
  readonly baseDomain?: string;
  /** The last result: a callflow that has become invalid stays in the table as it was there. */
  readonly previous?: CompileResult;
  readonly cache?: CompileCache;
}

/** One callflow on its way through the compile. */
interface Entry {
  readonly located: Located<PivotCallflow>;
  readonly check: Check;
  /** What goes into the table: its present state, or the last good one. */
  readonly used: CheckedCallflow | undefined;
  readonly faults: Fault[];
}

/**
 * Turns resources into the routing table, the secret values that go with it, and what to tell about each resource. Pure: no clock, no
 * I/O, and the order of the resources does not matter, but that of two with the same name the first counts.
 */
export function compile(resources: readonly Located[], options: CompileOptions = {}): CompileResult {
  const { callflows, media, secrets, faults: duplicates } = sortOut(resources);
  const sounds = compileMedia(media, options);
  const entries = [...callflows.values()].map((located) => enter(located, options));
  const used = entries.flatMap((entry) => entry.used ?? []);
  const owners = allocate(used);
  const realms = allocateRealms(used);
  const references = resolveSecrets(used, secrets);
  const targets = new Set<ResourceKey>(used.map((one) => one.key));
  const jumpedTo = new Set(
    used.flatMap((one) => one.references.callflows.map(({ name }): ResourceKey => `${one.account}/${name}`)),
  );

  const statuses = new Map<ResourceKey, ResourceStatus>();
  for (const entry of entries) {
    const { located, used: callflow, check } = entry;
    const report = (one: Fault): void => {
      entry.faults.push(locateFault(one, located));
    };
    const lost = callflow === undefined ? [] : lostClaims(callflow, owners);
    if (callflow !== undefined && check.checked !== undefined) {
      for (const { claim, owner } of lost) report(conflict(claim, owner));
      for (const one of [...(realms.faults.get(callflow.key) ?? []), ...(references.faults.get(callflow.key) ?? [])])
        report(one);
      for (const one of missingCallflows(callflow, targets)) report(one);
      for (const one of missingMedia(callflow, sounds.table)) report(one);
      if (callflow.claims.length === 0 && !jumpedTo.has(callflow.key)) {
        report(
          fault(manifestCodes.noNumbers, 'no call can reach this callflow: it has no numbers and no patterns', {
            pointer: '/spec',
          }),
        );
      }
    }
    statuses.set(
      keyOf(located.resource),
      statusOf(located.resource, check.checked !== undefined, callflow, lost, entry.faults),
    );
  }

  const content = {
    ...tableOf(used, owners, options),
    realms: realms.table,
    ...(Object.keys(sounds.table).length === 0 ? {} : { media: sounds.table }),
  };
  return {
    table: { version: tableVersion(content), ...content },
    secrets: references.values,
    statuses,
    faults: [...entries.flatMap((entry) => entry.faults), ...sounds.faults, ...duplicates],
    lastGood: new Map(used.map((one) => [one.key, one])),
  };
}

interface SortedOut {
  readonly callflows: ReadonlyMap<ResourceKey, Located<PivotCallflow>>;
  readonly media: readonly Located<PivotMedia>[];
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly faults: readonly Fault[];
}

function sortOut(resources: readonly Located[]): SortedOut {
  const callflows = new Map<ResourceKey, Located<PivotCallflow>>();
  const media: Located<PivotMedia>[] = [];
  const secrets = new Map<string, Secret>();
  const seen = new Map<string, Located>();
  const faults: Fault[] = [];
  for (const located of resources) {
    const { resource } = located;
    const key: ResourceKey = `${resource.metadata.namespace}/${resource.metadata.name}`;
    const identity = `${resource.kind} ${key}`;
    const first = seen.get(identity);
    if (first !== undefined) {
      const where = first.file === undefined ? '' : `; the one in ${first.file}:${first.at?.('')?.line ?? 1} is used`;
      faults.push(
        locateFault(
          fault(manifestCodes.duplicateResource, `${identity} is declared twice${where}`, {
            pointer: '/metadata/name',
          }),
          located,
        ),
      );
      continue;
    }
    seen.set(identity, located);
    if (resource.kind === 'Secret') secrets.set(key, resource);
    else if (resource.kind === 'PivotCallflow') callflows.set(key, { ...located, resource });
    else if (resource.kind === 'PivotMedia') media.push({ ...located, resource });
  }
  return { callflows, media, secrets, faults };
}

function enter(located: Located<PivotCallflow>, { cache, previous, allowLoopbackUrls = false }: CompileOptions): Entry {
  const { resource } = located;
  const check = cache?.get(resource) ?? checkCallflow(resource, { allowLoopbackUrls });
  cache?.set(resource, check);
  const lastGood = previous?.lastGood.get(keyOf(resource)) as CheckedCallflow | undefined;
  return {
    located,
    check,
    used: check.checked ?? lastGood,
    faults: check.faults.map((one) => locateFault(one, located)),
  };
}

function lostClaims(
  callflow: CheckedCallflow,
  owners: Owners,
): { readonly claim: Claim; readonly owner: ResourceKey }[] {
  return callflow.claims.flatMap((claim) => {
    const owner = owners.get(claimName(claim, callflow.account))!;
    return owner === callflow.key ? [] : [{ claim, owner }];
  });
}

function conflict(claim: Claim, owner: ResourceKey): Fault {
  return fault(
    manifestCodes.numberConflict,
    `${showClaim(claim)} belongs to ${owner}, which is older or first by name`,
    {
      pointer: claim.pointer,
    },
  );
}

function missingCallflows({ account, references }: CheckedCallflow, targets: ReadonlySet<ResourceKey>): Fault[] {
  return references.callflows
    .filter(({ name }) => !targets.has(`${account}/${name}`))
    .map(({ name, pointer }) =>
      fault(manifestCodes.callflowNotFound, `callflow: there is no PivotCallflow "${name}" in ${account}`, { pointer }),
    );
}

function missingMedia(
  { account, references }: CheckedCallflow,
  media: Readonly<Record<ResourceKey, CompiledMedia>>,
): Fault[] {
  return references.media
    .filter(({ name }) => !Object.hasOwn(media, `${account}/${name}`))
    .map(({ name, pointer }) =>
      fault(manifestCodes.mediaNotFound, `play: there is no PivotMedia "${name.slice(0, 64)}" in ${account}`, {
        pointer,
      }),
    );
}

function tableOf(
  used: readonly CheckedCallflow[],
  owners: Owners,
  { defaultAccount = 'default', baseDomain }: CompileOptions,
): Omit<RoutingTable, 'version' | 'realms' | 'media'> {
  const routes = used.flatMap((callflow) =>
    callflow.claims
      .filter((claim) => owners.get(claimName(claim, callflow.account)) === callflow.key)
      .map((claim) => routeOf(claim, callflow)),
  );
  const callflows = [...used].sort((a, b) => compareText(a.key, b.key)).map((one) => [one.key, compiled(one)] as const);
  return {
    defaultAccount,
    ...(baseDomain === undefined ? {} : { baseDomain: baseDomain.toLowerCase() }),
    routes: routes.sort(compareRoutes),
    callflows: Object.fromEntries(callflows),
  };
}

function routeOf({ kind, value }: Claim, { key: callflow, account }: CheckedCallflow): Route {
  switch (kind) {
    case 'e164':
      return { kind, number: value, callflow };
    case 'extension':
      return { kind, account, number: value, callflow };
    case 'pattern':
      return { kind, account, pattern: value, callflow };
    case 'no_match':
      return { kind, account, callflow };
  }
}

function compiled({ key, account, name, generation, flow, label }: CheckedCallflow): CompiledCallflow {
  return { key, account, name, generation, flow, ...(label === undefined ? {} : { label }) };
}
