/** For tests: the headers of every kind of event in FreeSWITCH's order (90), against which all events that come by are held. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Headers } from './steps.ts';

type Names = Readonly<Record<string, readonly string[]>>;

/** An event's kind as the catalogue calls it: completions have several, each with its application. */
function kindsOf(event: Headers): string[] {
  const name = event['Event-Name'] ?? '';
  if (name === 'CUSTOM') return [`CUSTOM/${event['Event-Subclass']}/${event['Action']}`];
  if (name === 'CHANNEL_EXECUTE_COMPLETE') return [`${name} (${event['Application']})`, name];
  return [name];
}

/** Headers of the catalogue: those of variables depend on what the channel has been through, the rest does not. */
function ownNames(names: readonly string[]): string[] {
  return names.filter((name) => !name.startsWith('variable_'));
}

export interface EventCatalogue {
  /** Holds an event against its kind: what both have must stand in the same order. */
  see(event: Headers): void;
  /** Headers of kinds that were seen which no event of the kind had. */
  missing(): Record<string, string[]>;
  /** Kinds that were never seen. */
  unseen(): string[];
}

export async function openCatalogue(): Promise<EventCatalogue> {
  const text = await readFile(new URL('../testdata/90-event-catalog.json', import.meta.url), 'utf8');
  const kinds = JSON.parse(text) as Names;
  const seen = new Map<string, Set<string>>();
  return {
    see(event) {
      for (const kind of kindsOf(event)) {
        const known = kinds[kind];
        if (known === undefined) continue;
        const had = seen.get(kind) ?? new Set();
        seen.set(kind, had);
        const names = ownNames(Object.keys(event));
        for (const name of names) had.add(name);
        const common = names.filter((name) => known.includes(name));
        assert.deepEqual(
          common,
          known.filter((name) => names.includes(name)),
          `the order of headers in ${kind}`,
        );
        return;
      }
    },
    missing() {
      const missing: Record<string, string[]> = {};
      for (const [kind, had] of seen) {
        const names = (kinds[kind] ?? []).filter((name) => !had.has(name));
        if (names.length > 0) missing[kind] = names;
      }
      return missing;
    },
    unseen: () => Object.keys(kinds).filter((kind) => !seen.has(kind)),
  };
}
