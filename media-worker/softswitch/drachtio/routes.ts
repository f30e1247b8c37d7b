/**
 * Which application gets a new request. Every `route` counts as one registration, duplicates too, and requests go round robin
 * over the registrations of their verb: drachtio-srf repeats itself, so applications get runs of requests (transcript 19).
 */
export interface Routes<A> {
  add(verb: string, app: A): void;
  /** All registrations of the application: this version of the server drops them all, not only the verb that was named. */
  remove(app: A): void;
  next(verb: string): A | undefined;
}

/** One application cannot make the table grow without end. */
const MAX_REGISTRATIONS_PER_VERB = 1000;

export function createRoutes<A>(): Routes<A> {
  const verbs = new Map<string, { apps: A[]; next: number }>();
  return {
    add(verb, app) {
      const entry = verbs.get(verb) ?? { apps: [], next: 0 };
      if (entry.apps.length < MAX_REGISTRATIONS_PER_VERB) entry.apps.push(app);
      verbs.set(verb, entry);
    },
    remove(app) {
      for (const [verb, entry] of verbs) {
        entry.apps = entry.apps.filter((other) => other !== app);
        if (entry.apps.length === 0) verbs.delete(verb);
        else entry.next %= entry.apps.length;
      }
    },
    next(verb) {
      const entry = verbs.get(verb);
      if (entry === undefined) return undefined;
      const app = entry.apps[entry.next];
      entry.next = (entry.next + 1) % entry.apps.length;
      return app;
    },
  };
}
