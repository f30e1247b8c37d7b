import { type FSWatcher, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, normalize, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import type { Located } from '../../crds/resources.ts';
import { Ages } from './ages.ts';
import { type FileState, listFiles, sameState } from './listing.ts';
import { identityOf, type ManifestDocument, parseManifest } from './manifest.ts';
import { readSettled, SETTLE_MS } from './settled.ts';

/** Editors write a file in several steps within a few milliseconds. */
const DEBOUNCE_MS = 50;
/** File systems that tell nothing (network mounts, some containers) are looked over this often. */
const RESCAN_MS = 2000;

export interface WatchFolderOptions {
  /** Files and folders; folders with all folders in them. */
  readonly paths: readonly string[];
  /** Gets all resources, at first and whenever they have changed. */
  readonly onChange: (resources: readonly Located[]) => void;
  /** Gets everything that is wrong at present, whenever that has changed; an empty list when all is well again. */
  readonly onFault: (faults: readonly Fault[]) => void;
  /** Ends the watching. */
  readonly signal: AbortSignal;
  readonly now?: () => Date;
  readonly debounceMs?: number;
  readonly rescanMs?: number;
}

/** A folder being watched; the first load is done. */
export interface WatchedFolder {
  /** Looks at every file now; resolves when what was found has been told. */
  readonly rescan: () => Promise<void>;
  /** Resolves when the signal has ended the watching and nothing is left open. */
  readonly closed: Promise<void>;
}

/** What is known of one file. */
interface KnownFile {
  readonly state: FileState;
  readonly resources: readonly Located[];
  readonly faults: readonly Fault[];
}

/**
 * Reads manifests (`*.yaml`, `*.yml`) from files and folders and goes on watching them. Resolves after the first load, which has called
 * `onChange` once and, when something is wrong, `onFault`. A document that becomes bad keeps its last good resources; a file that goes
 * takes its resources along. Resources that name no `creationTimestamp` get the time of their first sight.
 */
export async function watchFolder(options: WatchFolderOptions): Promise<WatchedFolder> {
  const { paths, onChange, onFault, signal, now = () => new Date() } = options;
  const files = new Map<string, KnownFile>();
  const ages = new Ages(now);
  let told: { resources: readonly Located[]; faults: string } | undefined;

  const load = async (): Promise<void> => {
    let listing = await listFiles(paths);
    if ([...files.keys()].some((path) => !listing.files.has(path))) {
      // An editor may be putting a new file in place of an old one.
      await delay(SETTLE_MS, undefined, { signal }).catch(() => {});
      listing = await listFiles(paths);
    }
    const { files: found, faults } = listing;
    const unreadable = faults.map(({ place }) => place?.file ?? '');
    for (const path of files.keys()) {
      // What was given on the command line and cannot be looked into any more (moved, unmounted) keeps what it last declared.
      if (!found.has(path) && !unreadable.some((given) => isWithin(path, given))) files.delete(path);
    }
    for (const [path, state] of found) {
      const known = files.get(path);
      if (known === undefined || !sameState(known.state, state))
        files.set(path, await readManifest(path, state, known, signal));
      if (signal.aborted) return;
    }
    const inOrder = [...new Set([...found.keys(), ...files.keys()])].map((path) => files.get(path)!);
    const resources = ages.stamp(inOrder.flatMap((file) => file.resources));
    tell(resources, [...faults, ...inOrder.flatMap((file) => file.faults)]);
  };
  const tell = (resources: readonly Located[], faults: readonly Fault[]): void => {
    const faultsNow = JSON.stringify(faults);
    const faultsChanged = faultsNow !== (told?.faults ?? '[]');
    const changed = told === undefined || !sameResources(told.resources, resources);
    told = { resources, faults: faultsNow };
    if (faultsChanged) onFault(faults);
    if (changed) onChange(resources);
  };

  // One load at a time; a request during a load leads to exactly one more.
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const rescan = (): Promise<void> => {
    if (signal.aborted) return Promise.resolve();
    if (running === undefined) {
      running = load().finally(() => {
        running = undefined;
      });
      return running;
    }
    const again = (): Promise<void> => {
      next = undefined;
      return rescan();
    };
    next ??= running.then(again, again);
    return next;
  };

  // Watching begins before the first load, so that no change falls between the two.
  const stopWatching = await watchPaths(options, () => void rescan());
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const close = (): void => {
    stopWatching();
    if (running === undefined) resolve();
    else running.then(resolve, resolve);
  };
  if (signal.aborted) close();
  else signal.addEventListener('abort', close, { once: true });
  await rescan();
  return { rescan, closed };
}

function isWithin(path: string, given: string): boolean {
  const folder = normalize(given);
  return path === given || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

async function readManifest(
  path: string,
  found: FileState,
  known: KnownFile | undefined,
  signal: AbortSignal,
): Promise<KnownFile> {
  let text: string;
  let state = found;
  try {
    // What a new file lacks, nobody misses yet.
    if (known === undefined) text = await readFile(path, 'utf8');
    else {
      const settled = await readSettled(path, signal);
      // The next look will find it written.
      if (settled === undefined) return known;
      ({ text, state } = settled);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const unreadable = fault(manifestCodes.fileUnreadable, `the file cannot be read: ${reason}`, { file: path });
    return { state, resources: known?.resources ?? [], faults: [unreadable] };
  }
  const manifest = parseManifest(text, path);
  const kept =
    manifest.documents.length === 0 && manifest.faults.length > 0
      ? (known?.resources ?? [])
      : lastGood(manifest.documents, known);
  return { state, resources: [...manifest.resources, ...kept], faults: manifest.faults };
}

/**
 * The resources of the file's last version whose documents are bad now. A bad document that says which resource it is keeps that one; one
 * that does not even say so keeps all that are not declared elsewhere in the file: better a callflow too long than a number unanswered.
 */
function lastGood(documents: readonly ManifestDocument[], known: KnownFile | undefined): readonly Located[] {
  const bad = documents.filter((one) => one.bad);
  if (bad.length === 0 || known === undefined) return [];
  const good = new Set(documents.flatMap((one) => one.resources).map(identityOf));
  const missing = known.resources.filter((one) => !good.has(identityOf(one)));
  if (bad.some((one) => one.identities.length === 0)) return missing;
  const claimed = new Set(bad.flatMap((one) => one.identities));
  return missing.filter((one) => claimed.has(identityOf(one)));
}

function sameResources(a: readonly Located[], b: readonly Located[]): boolean {
  return a.length === b.length && a.every((one, index) => one.resource === b[index]!.resource);
}

async function watchPaths(
  { paths, debounceMs = DEBOUNCE_MS, rescanMs = RESCAN_MS }: WatchFolderOptions,
  changed: () => void,
): Promise<() => void> {
  let timer: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(changed, debounceMs);
  };
  const watchers: FSWatcher[] = [];
  for (const path of paths) {
    const isFolder = await stat(path).then(
      (stats) => stats.isDirectory(),
      () => undefined,
    );
    if (isFolder === undefined) continue; // the regular rescan will see it come
    // A watched file is lost when an editor puts another one in its place; its folder is not.
    const watcher = watch(isFolder ? path : dirname(path), { recursive: isFolder, persistent: false }, soon);
    // A folder that goes, or a limit of the system: the regular rescan remains.
    watcher.on('error', () => watcher.close());
    watchers.push(watcher);
  }
  const rescans = setInterval(changed, rescanMs);
  rescans.unref();
  return () => {
    clearTimeout(timer);
    clearInterval(rescans);
    for (const watcher of watchers) watcher.close();
  };
}
