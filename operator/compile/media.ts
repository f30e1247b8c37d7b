import { urlRefusal, withoutCredentials } from '../../crds/callflow/urls.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import { locateFault } from '../../crds/locate.ts';
import type { Located, PivotMedia } from '../../crds/resources.ts';
import type { CompiledMedia, ResourceKey } from '../../crds/routing-table.ts';
import { compareText } from '../../crds/table-version.ts';
import type { CheckOptions } from './check.ts';

/** The sounds with a name, for the table, and which of them cannot be used. */
export function compileMedia(
  media: readonly Located<PivotMedia>[],
  { allowLoopbackUrls = false }: CheckOptions,
): { readonly table: Readonly<Record<ResourceKey, CompiledMedia>>; readonly faults: readonly Fault[] } {
  const entries: [ResourceKey, CompiledMedia][] = [];
  const faults: Fault[] = [];
  for (const located of media) {
    const { metadata, spec } = located.resource;
    const refusal = spec.url === undefined ? undefined : urlRefusal(spec.url, { allowLoopbackUrls });
    if (refusal === undefined) {
      const compiled = compiledMedia(spec);
      if (compiled !== undefined) entries.push([`${metadata.namespace}/${metadata.name}`, compiled]);
    } else {
      const shown = JSON.stringify(withoutCredentials(spec.url!).slice(0, 64));
      const message = `PivotMedia: "spec.url" is refused, because ${shown} ${refusal}`;
      faults.push(locateFault(fault(manifestCodes.invalidField, message, { pointer: '/spec/url' }), located));
    }
  }
  return { table: Object.fromEntries(entries.sort(([a], [b]) => compareText(a, b))), faults };
}

function compiledMedia({ url, text, voice, language, engine }: PivotMedia['spec']): CompiledMedia | undefined {
  if (url !== undefined) return { kind: 'url', url };
  if (text === undefined) return undefined;
  return {
    kind: 'speech',
    text,
    ...(voice === undefined ? {} : { voice }),
    ...(language === undefined ? {} : { language }),
    ...(engine === undefined ? {} : { engine }),
  };
}
