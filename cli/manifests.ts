import { cliCodes } from '../crds/errors/cli.ts';
import { type Fault, fault, formatFault, PivotError } from '../crds/errors/fault.ts';
import type { PivotCallflow } from '../crds/resources.ts';
import type { RoutingTable, SecretValues } from '../crds/routing-table.ts';
import { compile } from '../operator/compile/compile.ts';
import type { CompileResult } from '../operator/compile/result.ts';
import { watchFolder } from '../operator/sources/folder.ts';

/** Where lines go: what is wrong, and that it no longer is; what is new. */
export interface ManifestLines {
  readonly fault: (line: string) => void;
  readonly note: (line: string) => void;
}

export interface ManifestSource {
  /** Gives `take` the table in force now and each one that follows. */
  onTable(take: (table: RoutingTable, secrets: SecretValues) => void): void;
  /** What is declared now, and what it amounts to. */
  latest(): { readonly callflows: readonly PivotCallflow[]; readonly result: CompileResult };
  /** Calls `changed` after each compile; returns the way to stop. */
  watch(changed: () => void): () => void;
  close(): Promise<void>;
}

/**
 * Compiles the manifests of files and folders into a routing table, again at every change. What is wrong is printed, one line a fault. At
 * the start a bad manifest is the end; later the last good version of what it declared is kept.
 */
export async function watchManifests(paths: readonly string[], print: ManifestLines): Promise<ManifestSource> {
  const stop = new AbortController();
  let readFaults: readonly Fault[] = [];
  let last: CompileResult | undefined;
  let callflows: readonly PivotCallflow[] = [];
  const watchers = new Set<() => void>();
  let take: ((table: RoutingTable, secrets: SecretValues) => void) | undefined;
  let faulty = false;

  /** Prints what is wrong; when nothing is any more, says so, once both reading and compiling have had their say. */
  const tell = (faults: readonly Fault[]): void => {
    for (const one of faults) print.fault(faultLine(one));
    faulty ||= faults.length > 0;
    queueMicrotask(() => {
      if (!faulty || readFaults.length > 0 || (last?.faults.length ?? 0) > 0) return;
      faulty = false;
      print.fault('manifests: all faults are mended');
    });
  };

  const watching = await watchFolder({
    paths,
    signal: stop.signal,
    onFault: (faults) => {
      readFaults = faults;
      tell(faults);
    },
    onChange: (resources) => {
      const previous = last === undefined ? {} : { previous: last };
      const result = compile(resources, { allowLoopbackUrls: true, ...previous });
      const known = JSON.stringify(last?.faults ?? []);
      const changed = last !== undefined && last.table.version !== result.table.version;
      last = result;
      callflows = resources.flatMap(({ resource }) => (resource.kind === 'PivotCallflow' ? [resource] : []));
      if (JSON.stringify(result.faults) !== known) tell(result.faults);
      take?.(result.table, result.secrets);
      for (const watcher of [...watchers]) watcher();
      if (changed) print.note(`table ${result.table.version}: ${result.table.routes.length} routes`);
    },
  });

  const bad = [...readFaults, ...(last?.faults ?? [])].filter(({ severity }) => severity === 'error');
  if (bad.length > 0) {
    stop.abort();
    await watching.closed;
    const count = `${bad.length} ${bad.length === 1 ? 'fault' : 'faults'}`;
    throw new PivotError(fault(cliCodes.badManifests, `${count} in ${paths.join(', ')}; nothing was started`));
  }
  // Watching begins with a first load, which compiles.
  const result = last ?? compile([]);
  return {
    onTable(taker) {
      take = taker;
      taker((last ?? result).table, (last ?? result).secrets);
    },
    latest: () => ({ callflows, result: last ?? result }),
    watch(changed) {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    async close() {
      stop.abort();
      await watching.closed;
    },
  };
}

function faultLine(one: Fault): string {
  return one.severity === 'warning' ? `warning ${formatFault(one)}` : formatFault(one);
}
