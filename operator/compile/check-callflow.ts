import ipaddr from 'ipaddr.js';
import type { CallflowNode } from '../../crds/callflow/node.ts';
import { validateCallflow } from '../../crds/callflow/validate.ts';
import { callflowCodes } from '../../crds/errors/callflow.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import type { PivotCallflow } from '../../crds/resources.ts';
import type { CompiledCallflow } from '../../crds/routing-table.ts';
import { type Claim, readClaims } from './claims.ts';
import { headOf } from './head.ts';
import { resolveReferences } from './references.ts';
import type { Check, CheckOptions } from './types.ts';

/** The host names whose calls belong to the callflow's account, separated by commas. */
export const REALM_ANNOTATION = 'pivot.voice/realm';
const REALM_POINTER = '/metadata/annotations/pivot.voice~1realm';

/** Checks one PivotCallflow: numbers, patterns, realms, and the whole callflow. */
export function checkCallflow(resource: PivotCallflow, options: CheckOptions): Check {
  const { metadata, spec } = resource;
  const { claims, faults: claimFaults } = readClaims(spec);
  const realms = readRealms(metadata.annotations?.[REALM_ANNOTATION]);
  const flow = readFlow(resource, options);
  const faults = [...claimFaults, ...realms.faults, ...flow.faults];
  if (flow.node === undefined || faults.some((one) => one.severity === 'error')) return { faults, checked: undefined };
  const resolved = resolveReferences(flow.node, metadata.namespace);
  const head = headOf(resource);
  const callflow: CompiledCallflow = {
    key: head.key,
    account: head.account,
    name: metadata.name,
    generation: head.generation,
    flow: resolved.flow,
    ...(spec.name === undefined ? {} : { label: spec.name }),
  };
  return {
    faults,
    checked: {
      ...head,
      claims: [...claims, ...realms.claims],
      references: resolved.references.map((one) => ({ ...one, pointer: flow.place(one.pointer) })),
      entry: { record: 'callflows', value: callflow },
    },
  };
}

interface ReadFlow {
  readonly node: CallflowNode | undefined;
  readonly faults: readonly Fault[];
  /** From a pointer into the node to one into the resource. */
  readonly place: (pointer: string) => string;
}

/** `spec.flow`, or the pivot action that `spec.pivot` and `spec.failback` stand for. */
function readFlow({ spec }: PivotCallflow, options: CheckOptions): ReadFlow {
  if ((spec.pivot === undefined) === (spec.flow === undefined)) {
    const both = spec.pivot !== undefined;
    const message = `a callflow has either "pivot" or "flow"; this one has ${both ? 'both' : 'neither'}`;
    const problem = fault(manifestCodes.pivotOrFlow, message, { pointer: both ? '/spec/flow' : '/spec' });
    return { node: undefined, faults: [problem], place: (pointer) => pointer };
  }
  if (spec.flow !== undefined) {
    const place = (pointer: string): string => `/spec/flow${pointer}`;
    const stray =
      spec.failback === undefined
        ? []
        : [
            fault(manifestCodes.pivotOrFlow, '"failback" goes with "pivot", not with "flow"', {
              pointer: '/spec/failback',
            }),
          ];
    const { node, faults } = validate(spec.flow, place, options);
    return { node, faults: [...stray, ...faults], place };
  }
  const { pivot, failback } = spec;
  const action = { module: 'pivot', data: pivot, ...(failback === undefined ? {} : { children: { _: failback } }) };
  const place = (pointer: string): string => {
    if (pointer.startsWith('/data')) return `/spec/pivot${pointer.slice('/data'.length)}`;
    if (pointer.startsWith('/children/_')) return `/spec/failback${pointer.slice('/children/_'.length)}`;
    return '/spec/pivot';
  };
  const { node, faults } = validate(action, place, options);
  // Leaving `failback` out is a choice in plain sight; only within a `flow` is a pivot without `_` worth a warning.
  const isChoice = (one: Fault): boolean =>
    one.code === callflowCodes.noFailback.code && one.place?.pointer === '/spec/pivot';
  return { node, faults: faults.filter((one) => !isChoice(one)), place };
}

function validate(
  value: unknown,
  place: (pointer: string) => string,
  { allowLoopbackUrls = false }: CheckOptions,
): { readonly node: CallflowNode | undefined; readonly faults: readonly Fault[] } {
  const result = validateCallflow(value, { mode: 'admission', allowLoopbackUrls });
  const faults = [...(result.ok ? [] : result.faults), ...result.warnings].map((one) => ({
    ...one,
    place: { ...one.place, pointer: place(one.place?.pointer ?? '') },
  }));
  return { node: result.ok ? result.node : undefined, faults };
}

const HOST = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/;

function readRealms(annotation: string | undefined): {
  readonly claims: readonly Claim[];
  readonly faults: readonly Fault[];
} {
  const hosts = (annotation ?? '')
    .split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== '');
  const faults = hosts
    .filter((host) => !HOST.test(host) && !ipaddr.isValid(host))
    .map((host) =>
      fault(manifestCodes.invalidRealm, `${REALM_ANNOTATION}: ${JSON.stringify(host)} is not a host name`, {
        pointer: REALM_POINTER,
      }),
    );
  return { claims: [...new Set(hosts)].map((value) => ({ kind: 'realm', value, pointer: REALM_POINTER })), faults };
}
