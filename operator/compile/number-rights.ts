import type { PivotFleetSpec } from '../../crds/resources.ts';

/** An entry of `numberRights`. */
export type NumberRight = NonNullable<PivotFleetSpec['numberRights']>[number];

/** Which entry decides about a number in E.164 form; undefined: none, so every namespace may claim it. */
export type NumberRights = (number: string) => NumberRight | undefined;

/** The entry with the longest prefix decides, and it alone: whoever has `+1` has not thereby `+1415555`. */
export function readNumberRights(entries: readonly NumberRight[] = []): NumberRights {
  const byPrefix = new Map(entries.map((entry) => [entry.prefix, entry]));
  const lengths = [...new Set(entries.map(({ prefix }) => prefix.length))].sort((a, b) => b - a);
  return (number) => {
    for (const length of lengths) {
      const entry = length > number.length ? undefined : byPrefix.get(number.slice(0, length));
      if (entry !== undefined) return entry;
    }
    return undefined;
  };
}

export function permits({ namespaces }: NumberRight, namespace: string): boolean {
  return namespaces.some((one) => one === '*' || one === namespace);
}
