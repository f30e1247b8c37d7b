import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtFolder, goBuild, isProgram } from '../go-build.ts';

/** The programs of a control plane. */
export interface Binaries {
  readonly etcd: string;
  readonly 'kube-apiserver': string;
  /** Not among the `KUBEBUILDER_ASSETS`. */
  readonly 'kube-controller-manager'?: string;
  readonly kubectl: string;
}

/** The Go module that names the versions: `go.mod` and `go.sum` beside this file. */
const MODULE = fileURLToPath(new URL('binaries/', import.meta.url));

const PACKAGES: Readonly<Record<keyof Binaries, string>> = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
};
const NAMES = Object.keys(PACKAGES) as readonly (keyof Binaries)[];

/** `v1.36.4`, from `go.mod`. */
export function kubernetesVersion(): string {
  const version = /k8s\.io\/kubernetes (v\S+)/.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${MODULE}go.mod names no version of k8s.io/kubernetes`);
  return version;
}

/** Where built programs are kept: outside the checkout, by version. */
export function cacheFolder(): string {
  return builtFolder('control-plane', kubernetesVersion());
}

export type Found = { readonly ok: true; readonly binaries: Binaries } | { readonly ok: false; readonly hint: string };

/**
 * The programs: those in the folder `KUBEBUILDER_ASSETS`, else those built before. With `PIVOT_CONTROL_PLANE=required` missing ones are
 * built, which takes minutes; without, `hint` says how to get them.
 */
export async function controlPlaneBinaries(): Promise<Found> {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets !== undefined && assets !== '') {
    const binaries = inFolder(assets);
    if (binaries !== undefined) return { ok: true, binaries };
    throw new Error(`KUBEBUILDER_ASSETS is ${assets}, which lacks etcd, kube-apiserver or kubectl`);
  }
  const built = inFolder(cacheFolder());
  if (built !== undefined && built['kube-controller-manager'] !== undefined) return { ok: true, binaries: built };
  if (process.env['PIVOT_CONTROL_PLANE'] === 'required') return { ok: true, binaries: await buildBinaries() };
  const hint =
    'no control plane: run `node e2e/control-plane/build.ts` once (Go, about ten minutes), or set KUBEBUILDER_ASSETS';
  return { ok: false, hint };
}

/**
 * Builds the programs that are missing.
 */
export async function buildBinaries(report: (line: string) => void = console.error): Promise<Binaries> {
  const version = kubernetesVersion();
  const folder = cacheFolder();
  const stamp = 'k8s.io/component-base/version';
  const [major, minor] = version.slice(1).split('.');
  const flags = `-s -w -X ${stamp}.gitVersion=${version} -X ${stamp}.gitMajor=${major} -X ${stamp}.gitMinor=${minor}`;
  for (const name of NAMES) {
    const file = join(folder, name);
    if (isProgram(file)) continue;
    const start = Date.now();
    report(`building ${name} ${version} into ${folder}`);
    await goBuild({ module: MODULE, package: PACKAGES[name], ldflags: flags, into: file });
    report(`built ${name} in ${Math.round((Date.now() - start) / 1000)} s`);
  }
  const binaries = inFolder(folder);
  if (binaries === undefined) throw new Error(`the build left no programs in ${folder}`);
  return binaries;
}

function inFolder(folder: string): Binaries | undefined {
  const found = NAMES.filter((name) => isProgram(join(folder, name)));
  if (NAMES.some((name) => name !== 'kube-controller-manager' && !found.includes(name))) return undefined;
  return Object.fromEntries(found.map((name) => [name, join(folder, name)])) as unknown as Binaries;
}
