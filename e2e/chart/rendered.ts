import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { CHART, helm } from './helm.ts';

export const VALUES = fileURLToPath(new URL('values/', import.meta.url));
export const GOLDEN = fileURLToPath(new URL('golden/', import.meta.url));
/** The sets of values with which the chart is tested. */
export const SETS: readonly string[] = readdirSync(VALUES).map((file) => basename(file, '.yaml'));

/** As much of a Kubernetes object as tests look at. */
export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly rules?: readonly object[];
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>> & { readonly template?: { readonly spec: PodSpec } };
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly hostNetwork?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly restartPolicy?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly resources?: { readonly requests?: object; readonly limits?: object };
  readonly startupProbe?: object;
  readonly livenessProbe?: object;
  readonly readinessProbe?: object;
}

/** The manifests of a set of values, as text. Throws what Helm says when it fails. */
export async function render(program: string, set: string, ...more: readonly string[]): Promise<string> {
  const args = ['template', 'pivot', CHART, '--namespace', 'pivot-system', '--values', join(VALUES, `${set}.yaml`)];
  const { code, stdout, stderr } = await helm(program, [...args, ...more]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

export function objectsOf(text: string): readonly Rendered[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors.length > 0) throw document.errors[0]!;
      return document.toJS() as Rendered | null;
    })
    .filter((one) => one !== null);
}

export function find(objects: readonly Rendered[], kind: string, name: string): Rendered {
  const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

/** The PodSpecs of everything that makes Pods, by kind and name. */
export function podsOf(objects: readonly Rendered[]): ReadonlyMap<string, PodSpec> {
  return new Map(
    objects.flatMap((one) => {
      const spec = one.kind === 'Pod' ? (one.spec as unknown as PodSpec) : one.spec?.template?.spec;
      return spec === undefined ? [] : [[`${one.kind} ${one.metadata.name}`, spec] as const];
    }),
  );
}

/** The text without CRDs, roles and dashboards, which are compared with their sources, and with what is new at each rendering masked. */
export function goldenOf(text: string): string {
  const documents = text.split(/^---$/m).map((document) => document.trim());
  return `${documents
    .filter((document) => document !== '' && !/^kind: (CustomResourceDefinition|ClusterRole|Role)$/m.test(document))
    .filter((document) => !/^ {2}name: .*-dashboards$/m.test(document))
    .map((document) =>
      /^kind: Secret$/m.test(document)
        ? document.replaceAll(
            /^( {2}(?:tls\.crt|tls\.key|ca\.crt|drachtio|freeswitch)): .*$/gm,
            '$1: (made at installation)',
          )
        : document,
    )
    .join('\n---\n')}\n`.replaceAll(/[ \t]+$/gm, '');
}
