import type { EslEvent, FsmrfEndpoint } from './fsmrf.ts';

export type PlaybackOutcome =
  | { readonly kind: 'finished' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'not-found'; readonly response: string };

/** A break that came before the playback had begun is without effect, so it is said again until the playback ends. */
const BREAK_AGAIN_MS = 250;
/** How long FreeSWITCH may take to confirm the end of an endpoint. */
const CLOSE_LIMIT_MS = 5000;

/** A media session on FreeSWITCH for one leg. Ends with `close`, or by itself (`onLost`); then everything pending rejects. */
export class MediaEndpoint {
  readonly #endpoint: FsmrfEndpoint;
  readonly #gone = Promise.withResolvers<never>();
  #over = false;
  #playing: Promise<unknown> = Promise.resolve();

  /** A digit from the far end (RFC 4733). */
  onDigit: ((digit: string) => void) | undefined;
  /** FreeSWITCH hung up by itself; `cause` is its hangup cause. */
  onLost: ((cause: string) => void) | undefined;

  constructor(endpoint: FsmrfEndpoint) {
    this.#endpoint = endpoint;
    this.#gone.promise.catch(() => {});
    endpoint.conn?.socket.setNoDelay(true);
    endpoint.on('dtmf', ({ dtmf }) => this.onDigit?.(dtmf));
    endpoint.on('destroy', (args) => {
      if (this.#over) return;
      // Without a reason it was not a hang-up: the event socket broke, and FreeSWITCH may be gone with it.
      const cause = args?.reason ?? 'NETWORK_OUT_OF_ORDER';
      this.#finish(new Error(`media endpoint gone: ${cause}`));
      endpoint.removeAllListeners();
      if (args?.reason === undefined) this.#leave();
      this.onLost?.(cause);
    });
  }

  get uuid(): string {
    return this.#endpoint.uuid;
  }

  /** FreeSWITCH's session description, for the far end. */
  get localSdp(): string {
    return this.#endpoint.local.sdp;
  }

  /**
   * Plays a file or stream to its end, or until `signal` aborts (it then resolves when FreeSWITCH has really stopped). One at a
   * time: FreeSWITCH would run a second playback inside the first.
   */
  play(reference: string, signal: AbortSignal): Promise<PlaybackOutcome> {
    const turn = this.#playing.then(() => this.#play(reference, signal));
    this.#playing = turn.catch(() => {});
    return turn;
  }

  async #play(reference: string, signal: AbortSignal): Promise<PlaybackOutcome> {
    if (signal.aborted) return { kind: 'stopped' };
    const breaker = new PlaybackBreaker(this.#endpoint, signal);
    try {
      const event = await this.#execute('playback', reference);
      const response = event.getHeader('Application-Response') ?? '';
      if (breaker.broken) return { kind: 'stopped' };
      return response === 'FILE PLAYED' ? { kind: 'finished' } : { kind: 'not-found', response };
    } finally {
      breaker.dispose();
    }
  }

  /** Sends digits as RFC 4733 events, `durationMs` each; `w` and `W` pause. Resolves when FreeSWITCH has queued them. */
  async sendDigits(digits: string, durationMs: number): Promise<void> {
    await this.#execute('send_dtmf', `${digits}@${Math.round(durationMs)}`);
  }

  /** Takes the far end's new session description; resolves with ours. */
  async modify(remoteSdp: string): Promise<string> {
    await Promise.race([this.#endpoint.modify(remoteSdp), this.#gone.promise]);
    return this.localSdp;
  }

  /** Hangs up and frees everything. Idempotent; resolves when FreeSWITCH has confirmed, or after 5 s. */
  async close(): Promise<void> {
    if (this.#over) return;
    this.#finish(new Error('media endpoint closed'));
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, CLOSE_LIMIT_MS);
    try {
      // A FreeSWITCH that does not answer is left; one that has forgotten the endpoint has done what was asked.
      await Promise.race([this.#endpoint.destroy().catch(() => this.#leave()), limit.promise]);
    } finally {
      clearTimeout(timer);
      this.#endpoint.removeAllListeners();
    }
  }

  /** Ends our own call to a FreeSWITCH that can no longer be told to hang up. */
  #leave(): void {
    const { dialog } = this.#endpoint;
    if (dialog?.connected === true) dialog.destroy({}, () => {});
  }

  #execute(app: string, arg: string): Promise<EslEvent> {
    if (this.#over) return this.#gone.promise;
    const completed = new Promise<EslEvent>((resolve, reject) => {
      this.#endpoint.execute(app, arg, (error, event) => (error ? reject(error) : resolve(event)));
    });
    return Promise.race([completed, this.#gone.promise]);
  }

  #finish(reason: Error): void {
    this.#over = true;
    this.#gone.reject(reason);
  }
}

/** Stops a running playback when a signal aborts: at once if it has begun, else as soon as it begins. */
class PlaybackBreaker {
  readonly #endpoint: FsmrfEndpoint;
  readonly #signal: AbortSignal;
  readonly #onStart = (): void => this.#began();
  readonly #onAbort = (): void => this.#abort();
  #started = false;
  #again: NodeJS.Timeout | undefined;
  broken = false;

  constructor(endpoint: FsmrfEndpoint, signal: AbortSignal) {
    this.#endpoint = endpoint;
    this.#signal = signal;
    endpoint.on('playback-start', this.#onStart);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  #began(): void {
    this.#started = true;
    if (this.broken) this.#break();
  }

  #abort(): void {
    this.broken = true;
    if (this.#started) this.#break();
    this.#again = setInterval(() => this.#break(), BREAK_AGAIN_MS);
  }

  #break(): void {
    this.#endpoint.api('uuid_break', this.#endpoint.uuid, () => {});
  }

  dispose(): void {
    clearInterval(this.#again);
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#endpoint.removeListener('playback-start', this.#onStart);
  }
}
