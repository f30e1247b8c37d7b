import { pivotCallflow } from '../../crds/definitions/pivot-callflow.ts';
import { pivotDevice } from '../../crds/definitions/pivot-device.ts';
import { pivotFleet } from '../../crds/definitions/pivot-fleet.ts';
import { pivotMedia } from '../../crds/definitions/pivot-media.ts';
import { pivotTrunk } from '../../crds/definitions/pivot-trunk.ts';
import { pivotUser } from '../../crds/definitions/pivot-user.ts';
import { GROUP, VERSION } from '../../crds/resources.ts';
import type { ResourceType } from '../kube/objects.ts';
import type { ReflectorTiming } from '../kube/reflector.ts';

/** The kinds that the operator reads, as the API server serves them. */
export const CALLFLOWS: ResourceType = typeOf(pivotCallflow);
export const MEDIA: ResourceType = typeOf(pivotMedia);
export const TRUNKS: ResourceType = typeOf(pivotTrunk);
export const USERS: ResourceType = typeOf(pivotUser);
export const DEVICES: ResourceType = typeOf(pivotDevice);
export const FLEETS: ResourceType = { ...typeOf(pivotFleet), namespaced: false };
export const SECRETS: ResourceType = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

/**
 * Waits of our watches. Shorter than usual: a restarted API server answers 403, 429 and 410 one after the other (measured), and each is waited
 * out; a few replicas with three watches each are no burden to a server, and it can still ask for longer waits by `Retry-After`.
 */
export const WATCH_TIMING: Partial<ReflectorTiming> = {
  backoff: { minMs: 500, maxMs: 1500 },
  passing: { minMs: 500, maxMs: 1500 },
};

function typeOf({ kind, plural }: { readonly kind: string; readonly plural: string }): ResourceType {
  return { group: GROUP, version: VERSION, kind, plural, namespaced: true };
}
