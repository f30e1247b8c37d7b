/** What has been started, to be stopped in the reverse order. */
export class Running {
  readonly #stops: (() => Promise<unknown> | unknown)[] = [];

  /** Keeps `started` with the way to stop it. */
  add<T>(started: T, stop: (started: T) => Promise<unknown> | unknown): T {
    this.#stops.push(() => stop(started));
    return started;
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.toReversed()) await stop();
  }
}
