/** What has been started, to be stopped in the reverse order. */
export class Running {
  readonly #stops: (() => Promise<unknown> | unknown)[] = [];

  /** Keeps `started` with the way to stop it. */
  add<T>(started: T, stop: (started: T) => Promise<unknown> | unknown): T {
    this.#stops.push(() => stop(started));
    return started;
  }

  /** Stops everything, also when something fails to stop; rejects with the first failure then. */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (const stop of this.#stops.toReversed()) {
      try {
        await stop();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
