import type { Located } from '../../crds/resources.ts';
import { identityOf } from './manifest.ts';

/** Gives resources without a `creationTimestamp` that of their first sight, and forgets those that are gone. */
export class Ages {
  readonly #now: () => Date;
  #firstSeen: ReadonlyMap<string, string> = new Map();
  /** Stamped copies, so that an unchanged resource stays the same object and a compile can tell. */
  readonly #copies = new WeakMap<Located['resource'], Located['resource']>();

  constructor(now: () => Date) {
    this.#now = now;
  }

  stamp(resources: readonly Located[]): readonly Located[] {
    const time = this.#now().toISOString();
    const seen = new Map(resources.map((one) => [identityOf(one), this.#firstSeen.get(identityOf(one)) ?? time]));
    this.#firstSeen = seen;
    return resources.map((one) => this.#stampOne(one, seen.get(identityOf(one))!));
  }

  #stampOne(located: Located, creationTimestamp: string): Located {
    const { resource } = located;
    if (resource.metadata.creationTimestamp !== undefined) return located;
    let copy = this.#copies.get(resource);
    if (copy?.metadata.creationTimestamp !== creationTimestamp) {
      copy = { ...resource, metadata: { ...resource.metadata, creationTimestamp } } as Located['resource'];
      this.#copies.set(resource, copy);
    }
    return { ...located, resource: copy };
  }
}
