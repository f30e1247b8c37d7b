import { join } from '../../crds/callflow/pointer.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import { locateFault } from '../../crds/locate.ts';
import { readResource } from '../../crds/read-resource.ts';
import type { Located, PivotResource } from '../../crds/resources.ts';
import { type Position, readYaml } from './yaml-document.ts';

/** Characters of one file of manifests. Reading YAML takes about a second for each of these MiB. */
export const FILE_LIMIT = 4 * 1024 * 1024;

/** One document of a file: its resources, and what is wrong with it. `identities` names also those that could not be read. */
export interface ManifestDocument {
  /** The text between two `---` lines. */
  readonly text: string;
  /** Its first line in the file, from 1. */
  readonly line: number;
  readonly resources: readonly Located[];
  /** Resources with which only the `metadata` is wrong. */
  readonly nameless: readonly Located<PivotResource>[];
  readonly faults: readonly Fault[];
  /** True when a resource is left out because of an error. */
  readonly bad: boolean;
  readonly identities: readonly string[];
}

export interface Manifest {
  readonly documents: readonly ManifestDocument[];
  readonly resources: readonly Located[];
  readonly faults: readonly Fault[];
}

/** Reads all YAML documents of a text. A bad document never affects another one. `file` stands in the faults. */
export function parseManifest(text: string, file?: string): Manifest {
  if (text.length > FILE_LIMIT) {
    const faults = [
      fault(
        manifestCodes.fileTooLarge,
        `the file has more than ${FILE_LIMIT / 1024 / 1024} MiB`,
        file === undefined ? undefined : { file },
      ),
    ];
    return { documents: [], resources: [], faults };
  }
  const documents = splitDocuments(text).map((piece) => parseDocumentText(piece.text, piece.line, file));
  return {
    documents,
    resources: documents.flatMap((one) => one.resources),
    faults: documents.flatMap((one) => one.faults),
  };
}

/** `kind namespace/name`: equal for two resources that Kubernetes would take for one. */
export function identityOf({ resource: { kind, metadata } }: Located): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`;
}

/**
 * Cuts a text at its document markers (YAML 1.2.2, section 9.1). They stand at the beginning of a line and nowhere else, so this needs no
 * parser, and a syntax error stays within its document.
 */
export function splitDocuments(text: string): { readonly text: string; readonly line: number }[] {
  const pieces: { text: string; line: number }[] = [];
  let lines: string[] = [];
  let first = 1;
  const flush = (): void => {
    if (lines.some((line) => /^\s*[^\s#]/.test(line))) pieces.push({ text: lines.join('\n'), line: first });
  };
  for (const [index, line] of withoutMark(text).split('\n').entries()) {
    if (/^(---|\.\.\.)(\s|$)/.test(line)) {
      flush();
      // What follows the marker on its line belongs to the document; spaces keep its column.
      lines = [`   ${line.slice(3)}`];
      first = index + 1;
    } else if (!(line.startsWith('%') && !lines.some((one) => one.trim() !== ''))) lines.push(line);
    else lines.push('');
  }
  flush();
  return pieces;
}

function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function parseDocumentText(text: string, line: number, file: string | undefined): ManifestDocument {
  const yaml = readYaml(text, line, file);
  if (!yaml.ok) return { text, line, resources: [], nameless: [], faults: yaml.faults, bad: true, identities: [] };
  const resources: Located[] = [];
  const nameless: Located<PivotResource>[] = [];
  const faults: Fault[] = [];
  const identities: string[] = [];
  let bad = false;
  for (const { value, pointer } of items(yaml.value)) {
    const at = (inside: string): Position | undefined => yaml.at(`${pointer}${inside}`);
    const read = readResource(value);
    const located = { at, ...(file === undefined ? {} : { file }) };
    if (read.ok) resources.push({ resource: read.resource, ...located });
    else if (read.nameless !== undefined) nameless.push({ resource: read.nameless, ...located });
    const identity = read.ok ? identityOf({ resource: read.resource }) : claimedIdentity(value);
    if (identity !== undefined) identities.push(identity);
    const found = read.ok ? read.warnings : [...read.faults, ...read.warnings];
    if (!read.ok && read.faults.length > 0) bad = true;
    faults.push(...found.map((one) => locateFault(one, located)));
  }
  return { text, line, resources, nameless, faults, bad, identities };
}

/** The resources of a document: itself, or the items of a `List`, which `kubectl get -o yaml` writes. */
function items(value: unknown): { readonly value: unknown; readonly pointer: string }[] {
  if (isObject(value) && value['kind'] === 'List' && Array.isArray(value['items'])) {
    return value['items'].map((item: unknown, index) => ({ value: item, pointer: join('/items', index) }));
  }
  return [{ value, pointer: '' }];
}

/** Which resource a broken one was meant to be, as far as it says so. */
function claimedIdentity(value: unknown): string | undefined {
  if (!isObject(value) || !isObject(value['metadata']) || typeof value['kind'] !== 'string') return undefined;
  const { name, namespace = 'default' } = value['metadata'];
  return typeof name === 'string' && typeof namespace === 'string'
    ? `${value['kind']} ${namespace}/${name}`
    : undefined;
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
