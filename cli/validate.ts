import { readFile } from 'node:fs/promises';
import { mapJson, positionOf } from '../crds/callflow/json-text.ts';
import { parseCallflowJson, withoutByteOrderMark } from '../crds/callflow/parse.ts';
import { callflowCodes } from '../crds/errors/callflow.ts';
import { type Fault, fault } from '../crds/errors/fault.ts';
import { manifestCodes } from '../crds/errors/manifest.ts';
import { locateFault } from '../crds/locate.ts';
import type { Located, PivotResource } from '../crds/resources.ts';
import { parseTwiml } from '../media-worker/twiml/parse.ts';
import { checkResource } from '../operator/compile/check.ts';
import { compile } from '../operator/compile/compile.ts';
import { listFiles } from '../operator/sources/listing.ts';
import { parseManifest } from '../operator/sources/manifest.ts';

export interface ValidateOptions {
  readonly output: 'text' | 'json';
  /** Lets URLs name this machine, as `pivot up` does; on unless set. A cluster refuses such URLs. */
  readonly allowLoopbackUrls?: boolean;
}

/** Where the outcome goes; `process` fits. */
export interface ValidateIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** One fault as `--output json` prints it. */
interface Row {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly code: string;
  readonly severity: Fault['severity'];
  readonly message: string;
}

const TEXT_NAMES = /\.(ya?ml|xml|json)$/i;

/**
 * Checks manifests (`.yaml`), TwiML (`.xml`) and Callflow JSON (`.json`), and prints every fault. Manifests are compiled together, so
 * that conflicts between files are found. Gives the exit code: 1 when there is an error, else 0.
 */
export async function validateCommand(
  paths: readonly string[],
  options: ValidateOptions,
  io: ValidateIo,
): Promise<number> {
  const { allowLoopbackUrls = true } = options;
  const { files, faults: missing } = await listFiles(paths, TEXT_NAMES);
  const faults: Fault[] = [...missing];
  const resources: Located[] = [];
  const named = new Set(paths);
  for (const file of files.keys()) {
    const text = await readFile(file, 'utf8').catch((error: Error) => error);
    if (typeof text !== 'string') {
      faults.push(fault(manifestCodes.fileUnreadable, `the file cannot be read: ${text.message}`, { file }));
    } else if (/\.xml$/i.test(file)) {
      if (named.has(file) || text.includes('<Response')) faults.push(...twimlFaults(text, file));
    } else if (/\.json$/i.test(file)) {
      if (named.has(file) || isCallflow(text)) faults.push(...jsonFaults(text, file, allowLoopbackUrls));
    } else {
      const manifest = parseManifest(text, file);
      resources.push(...manifest.resources);
      faults.push(...manifest.faults);
      for (const { nameless } of manifest.documents) faults.push(...nameless.flatMap((one) => ownFaults(one, options)));
    }
  }
  faults.push(...compile(resources, { allowLoopbackUrls }).faults);
  print(sorted(faults.map(rowOf), [...files.keys()]), files.size, options, io);
  return faults.some((one) => one.severity === 'error') ? 1 : 0;
}

/** What is wrong with a resource by itself: without a name it meets no others. */
function ownFaults(located: Located<PivotResource>, { allowLoopbackUrls = true }: ValidateOptions): Fault[] {
  const { resource } = located;
  if (resource.kind === 'PivotFleet') return [];
  return checkResource(resource, { allowLoopbackUrls }).faults.map((one) => locateFault(one, located));
}

function twimlFaults(text: string, file: string): Fault[] {
  const result = parseTwiml(text, { strict: false });
  return [...(result.ok ? [] : result.faults), ...result.warnings].map((one) => ({
    ...one,
    place: { file, ...one.place },
  }));
}

function jsonFaults(text: string, file: string, allowLoopbackUrls: boolean): Fault[] {
  const result = parseCallflowJson(text, { mode: 'admission', allowLoopbackUrls });
  const faults = [...(result.ok ? [] : result.faults), ...result.warnings];
  const json = withoutByteOrderMark(text);
  const map = result.jsonError === undefined ? mapJson(json) : undefined;
  if (map?.ok !== true) return faults.map((one) => ({ ...one, place: { file, ...one.place } }));
  const repeated = map.repeated.map(({ pointer, offset }) =>
    fault(
      callflowCodes.repeatedKey,
      `the name ${JSON.stringify(pointer.split('/').at(-1))} stands here a second time`,
      {
        file,
        ...positionOf(json, offset),
      },
    ),
  );
  const located = faults.map((one) => {
    const offset = map.offsets.get(one.place?.pointer ?? '') ?? 0;
    return { ...one, place: { file, ...positionOf(json, offset), ...one.place } };
  });
  return [...located, ...repeated];
}

/** In folders, JSON files of other kinds (package.json) are left alone; a file that is named must be a callflow. */
function isCallflow(text: string): boolean {
  try {
    const value: unknown = JSON.parse(withoutByteOrderMark(text));
    return value !== null && typeof value === 'object' && ('module' in value || 'flow' in value);
  } catch {
    return /"module"\s*:/.test(text);
  }
}

function rowOf({ code, severity, message, place }: Fault): Row {
  return { file: place?.file ?? '', line: place?.line ?? 1, column: place?.column ?? 1, code, severity, message };
}

/** By file in the order read, then by place. */
function sorted(rows: readonly Row[], files: readonly string[]): Row[] {
  const order = new Map(files.map((file, index) => [file, index]));
  const rank = (row: Row): number => order.get(row.file) ?? -1;
  return [...rows].sort((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column);
}

function print(rows: readonly Row[], files: number, { output }: ValidateOptions, { stdout, stderr }: ValidateIo): void {
  if (output === 'json') {
    stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
    return;
  }
  for (const { file, line, column, code, severity, message } of rows) {
    stdout.write(`${file}:${line}:${column} ${code} ${severity === 'warning' ? 'warning: ' : ''}${message}\n`);
  }
  const errors = rows.filter((row) => row.severity === 'error').length;
  const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;
  stderr.write(`${count(files, 'file')}: ${count(errors, 'error')}, ${count(rows.length - errors, 'warning')}\n`);
}
