import { pivotCallflow } from '../../crds/definitions/pivot-callflow.ts';
import { pivotMedia } from '../../crds/definitions/pivot-media.ts';
import { GROUP, VERSION } from '../../crds/resources.ts';
import type { ResourceType } from '../kube/objects.ts';

/** The kinds that the operator reads, as the API server serves them. */
export const CALLFLOWS: ResourceType = typeOf(pivotCallflow);
export const MEDIA: ResourceType = typeOf(pivotMedia);
export const SECRETS: ResourceType = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

function typeOf({ kind, plural }: { readonly kind: string; readonly plural: string }): ResourceType {
  return { group: GROUP, version: VERSION, kind, plural, namespaced: true };
}
