import type { Identity } from './result.ts';
import { SharedMap, type SharedMapEdit } from './shared-map.ts';

/** Who mentions a name: claims it, or refers to it. In no order. */
export type Mentions = SharedMap<string, readonly Identity[]>;

export const NOBODY: Mentions = new SharedMap();

/** Mentions in the making. */
export class MentionsEdit {
  readonly #map: SharedMapEdit<string, readonly Identity[]>;
  /** Lists that are this edit's own. */
  readonly #own = new Set<readonly Identity[]>();

  constructor(before: Mentions) {
    this.#map = before.edit();
  }

  of(name: string): readonly Identity[] {
    return this.#map.get(name) ?? [];
  }

  /** Puts what somebody mentions now in the place of what they mentioned before. Returns the names that are not in both. */
  replace(who: Identity, before: ReadonlySet<string>, now: ReadonlySet<string>): string[] {
    const dropped = [...before].filter((name) => !now.has(name));
    const added = [...now].filter((name) => !before.has(name));
    for (const name of dropped) {
      const list = this.#owned(name);
      list.splice(list.indexOf(who), 1);
      if (list.length === 0) this.#map.set(name, undefined);
    }
    for (const name of added) this.#owned(name).push(who);
    return [...dropped, ...added];
  }

  done(): Mentions {
    return this.#map.done();
  }

  #owned(name: string): Identity[] {
    const list = this.of(name);
    if (this.#own.has(list)) return list as Identity[];
    const own = [...list];
    this.#own.add(own);
    this.#map.set(name, own);
    return own;
  }
}
