import { type Clock, deadline } from '../../runtime/clock.ts';
import type { KubeApi, Selection } from './api.ts';
import { isKubeError, KubeError } from './kube-error.ts';
import type { AnyObject, ResourceType } from './objects.ts';

/** How long one page may take. Milliseconds. */
const PAGE_DEADLINE_MS = 120_000;

export interface FullList {
  readonly items: readonly AnyObject[];
  readonly resourceVersion: string;
}

/**
 * All objects, page by page. When a page's token has expired, because the pages took longer than etcd keeps history (5 min), the list is
 * asked for once more in one piece and in its latest state, as client-go's pager does (`FullListIfExpired`).
 */
export async function listAll(
  api: Pick<KubeApi, 'list'>,
  type: ResourceType,
  options: Selection & { readonly resourceVersion: string; readonly pageSize: number },
  clock: Clock,
  signal: AbortSignal,
): Promise<FullList> {
  const { resourceVersion, pageSize, ...selection } = options;
  const items: AnyObject[] = [];
  let next: string | undefined;
  for (;;) {
    const guard = deadline(clock, PAGE_DEADLINE_MS, () => tooSlow(type), signal);
    try {
      // A token stands for its list's version: the server refuses both together.
      const from = next === undefined ? { resourceVersion } : { next };
      const page = await api.list(type, { ...selection, ...from, limit: pageSize }, guard.signal);
      for (const item of page.items) items.push(item);
      next = page.next;
      if (next === undefined) return { items, resourceVersion: page.resourceVersion };
    } catch (error) {
      if (next === undefined || !isKubeError(error, 'expired')) throw error;
      guard.extend(PAGE_DEADLINE_MS);
      return await api.list(type, { ...selection, resourceVersion: '' }, guard.signal);
    } finally {
      guard.cancel();
    }
  }
}

function tooSlow(type: ResourceType): KubeError {
  return new KubeError('unreachable', `list ${type.plural}: no answer within ${PAGE_DEADLINE_MS / 1000} s`);
}
