import ipaddr from 'ipaddr.js';
import type { CallflowNode } from '../../crds/callflow/node.ts';
import { validateCallflow } from '../../crds/callflow/validate.ts';
import { callflowCodes } from '../../crds/errors/callflow.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import type { PivotCallflow } from '../../crds/resources.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import { type Claimant, readClaims } from './claims.ts';
import { type References, resolveReferences } from './references.ts';

/** The host names whose calls belong to the callflow's account, separated by commas. */
export const REALM_ANNOTATION = 'pivot.voice/realm';
const REALM_POINTER = '/metadata/annotations/pivot.voice~1realm';

/** A callflow by itself: valid, and ready to be weighed against the others. */
export interface CheckedCallflow extends Claimant {
  readonly name: string;
  readonly generation: number;
  readonly label: string | undefined;
  readonly flow: CallflowNode;
  readonly references: References;
  readonly realms: readonly string[];
}

/** The outcome of checking one resource; depends on nothing but the resource and the options, so it can be kept. */
export interface Check {
  /** Errors and warnings, places as JSON pointers into the resource. */
  readonly faults: readonly Fault[];
  /** Undefined when there is an error. */
  readonly checked: CheckedCallflow | undefined;
}

export interface CheckOptions {
  readonly allowLoopbackUrls?: boolean;
}

export function keyOf({ metadata }: PivotCallflow): ResourceKey {
  return `${metadata.namespace}/${metadata.name}`;
}

/** Checks one PivotCallflow: numbers, patterns, realms, and the whole callflow. */
export function checkCallflow(resource: PivotCallflow, options: CheckOptions): Check {
  const { metadata, spec } = resource;
  const { claims, faults: claimFaults } = readClaims(spec);
  const realms = readRealms(metadata.annotations?.[REALM_ANNOTATION]);
  const flow = readFlow(resource, options);
  const faults = [...claimFaults, ...realms.faults, ...flow.faults];
  if (flow.node === undefined || faults.some((one) => one.severity === 'error')) return { faults, checked: undefined };
  const resolved = resolveReferences(flow.node, metadata.namespace);
  const inSpec = <T extends { readonly pointer: string }>(one: T): T => ({ ...one, pointer: flow.place(one.pointer) });
  return {
    faults,
    checked: {
      key: keyOf(resource),
      account: metadata.namespace,
      name: metadata.name,
      generation: metadata.generation ?? 0,
      createdAt: metadata.creationTimestamp,
      label: spec.name,
      claims,
      flow: resolved.flow,
      references: {
        secrets: resolved.references.secrets.map(inSpec),
        callflows: resolved.references.callflows.map(inSpec),
        media: resolved.references.media.map(inSpec),
      },
      realms: realms.hosts,
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
  readonly hosts: readonly string[];
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
  return { hosts: [...new Set(hosts)], faults };
}
