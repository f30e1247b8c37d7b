import { urlRefusal, withoutCredentials } from '../../crds/callflow/urls.ts';
import { fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import type { PivotMedia } from '../../crds/resources.ts';
import type { CompiledMedia } from '../../crds/routing-table.ts';
import { headOf } from './head.ts';
import type { Check, CheckOptions } from './types.ts';

/** Checks one PivotMedia: whether its URL may be fetched from a cluster. */
export function checkMedia(resource: PivotMedia, { allowLoopbackUrls = false }: CheckOptions): Check {
  const { spec } = resource;
  const refusal = spec.url === undefined ? undefined : urlRefusal(spec.url, { allowLoopbackUrls });
  if (refusal !== undefined) {
    const shown = JSON.stringify(withoutCredentials(spec.url!).slice(0, 64));
    const message = `PivotMedia: "spec.url" is refused, because ${shown} ${refusal}`;
    return { faults: [fault(manifestCodes.invalidField, message, { pointer: '/spec/url' })], checked: undefined };
  }
  const entry = { record: 'media', value: compiledMedia(spec) } as const;
  return { faults: [], checked: { ...headOf(resource), claims: [], references: [], entry } };
}

/** Manifests have exactly one of `url` and `text`; the reader sees to it. */
function compiledMedia({ url, text, voice, language, engine }: PivotMedia['spec']): CompiledMedia {
  if (url !== undefined) return { kind: 'url', url };
  return {
    kind: 'speech',
    text: text!,
    ...(voice === undefined ? {} : { voice }),
    ...(language === undefined ? {} : { language }),
    ...(engine === undefined ? {} : { engine }),
  };
}
