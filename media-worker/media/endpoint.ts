import { setTimeout as delay } from 'node:timers/promises';
import type { EslEvent, FsmrfEndpoint } from './fsmrf.ts';
import type { LegMedia, RoomFlags, RoomStay } from './leg-media.ts';

export type PlaybackOutcome =
  | { readonly kind: 'finished' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'not-found'; readonly response: string };

/** A break that came before the playback had begun is without effect, so it is said again until the playback ends. */
const BREAK_AGAIN_MS = 250;
/** Energy below which FreeSWITCH's `record` hears silence: its own default. */
const SILENCE_THRESHOLD = 200;
/** How long a recording may take to end when it has been told to, before nobody waits for it any more. */
const RECORD_END_MS = 2000;
/** A room is looked at so often until its new member is in it. */
const ROOM_CHECK_MS = 50;
/** How long FreeSWITCH may take to confirm the end of an endpoint. */
const CLOSE_LIMIT_MS = 5000;

/** A media session on FreeSWITCH for one leg. Ends with `close`, or by itself (`onLost`); then everything pending rejects. */
export class MediaEndpoint implements LegMedia {
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

  /**
   * Records what comes from the far end into a wav file, until the limit, silence, or `signal`; resolves when FreeSWITCH has closed the file,
   * with its length. One at a time with what is played. Rejects when the endpoint is gone.
   */
  record(
    path: string,
    limits: { readonly maxSeconds: number; readonly silenceSeconds: number },
    signal: AbortSignal,
  ): Promise<{ readonly ms: number }> {
    const turn = this.#playing.then(() => this.#record(path, limits, signal));
    this.#playing = turn.catch(() => {});
    return turn;
  }

  async #record(
    path: string,
    { maxSeconds, silenceSeconds }: { readonly maxSeconds: number; readonly silenceSeconds: number },
    signal: AbortSignal,
  ): Promise<{ readonly ms: number }> {
    if (signal.aborted) return { ms: 0 };
    const silence = silenceSeconds > 0 ? ` ${SILENCE_THRESHOLD} ${silenceSeconds}` : '';
    const breaker = new PlaybackBreaker(this.#endpoint, signal, true);
    const late = Promise.withResolvers<never>();
    let limit: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      limit = setTimeout(() => late.reject(new Error('FreeSWITCH did not end the recording')), RECORD_END_MS);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const event = await Promise.race([this.#execute('record', `${path} ${maxSeconds}${silence}`), late.promise]);
      return { ms: Number(event.getHeader('variable_record_ms') ?? 0) };
    } finally {
      clearTimeout(limit);
      signal.removeEventListener('abort', onAbort);
      breaker.dispose();
    }
  }

  /** Begins to record both directions beside everything else. Rejects when FreeSWITCH refuses. */
  async startRecording(options: { path: string; channels: 1 | 2; maxSeconds: number }): Promise<void> {
    await this.#execute('set', `RECORD_STEREO=${options.channels === 2}`);
    const answer = await this.#api('uuid_record', `${this.uuid} start ${options.path} ${options.maxSeconds}`);
    if (!answer.startsWith('+OK')) throw new Error(`FreeSWITCH does not record: ${answer.trim()}`);
  }

  /** Resolves when the file is closed, or FreeSWITCH has gone, or says nothing for 2 s. Never rejects. */
  async stopRecording(path: string): Promise<void> {
    const late = Promise.withResolvers<void>();
    const limit = setTimeout(late.resolve, RECORD_END_MS);
    await Promise.race([this.#api('uuid_record', `${this.uuid} stop ${path}`).catch(() => {}), late.promise]);
    clearTimeout(limit);
  }

  confer(room: string, { muted, deaf }: RoomFlags, signal: AbortSignal): RoomStay {
    const flags = [...(muted ? ['mute'] : []), ...(deaf ? ['deaf'] : [])].join('|');
    const over = new AbortController();
    const left = this.#execute('conference', `${room}@default${flags === '' ? '' : `++flags{${flags}}`}`)
      .then(
        () => {},
        () => {},
      )
      .finally(() => over.abort());
    const member = this.#memberOf(room, over.signal);
    const leave = async (): Promise<void> => {
      // Whoever is told to leave before FreeSWITCH has let it in is told again.
      for (let id = await member; id !== undefined && !over.signal.aborted; ) {
        await this.roomCommand(room, `kick ${id}`).catch(() => {});
        await Promise.race([left, delay(BREAK_AGAIN_MS)]);
      }
    };
    if (signal.aborted) void leave();
    else signal.addEventListener('abort', leave, { once: true });
    void left.then(() => signal.removeEventListener('abort', leave));
    return { inside: member.then((id) => id !== undefined), left };
  }

  /** Its number in a room, once it is in; undefined when it has left before. */
  async #memberOf(room: string, over: AbortSignal): Promise<string | undefined> {
    for (;;) {
      if (over.aborted) return undefined;
      const list = await this.roomCommand(room, 'list').catch(() => '');
      const line = list.split('\n').find((one) => one.split(';')[2] === this.uuid);
      if (line !== undefined) return line.split(';')[0];
      await delay(ROOM_CHECK_MS);
    }
  }

  roomCommand(room: string, command: string): Promise<string> {
    return this.#api('conference', `${room} ${command}`);
  }

  async bridge(other: LegMedia, signal: AbortSignal, onJoined?: () => void): Promise<void> {
    if (signal.aborted) return;
    const answer = await this.#api('uuid_bridge', `${this.uuid} ${other.uuid}`);
    if (!answer.startsWith('+OK')) throw new Error(`FreeSWITCH does not bridge: ${answer.trim()}`);
    onJoined?.();
    await Promise.race([aborted(signal), this.#gone.promise.catch(() => {})]);
    if (this.#over) return;
    await this.#api('uuid_transfer', `${this.uuid} -both park inline`).catch(() => {});
  }

  #api(command: string, args: string): Promise<string> {
    if (this.#over) return this.#gone.promise;
    const answered = new Promise<string>((resolve, reject) => {
      this.#endpoint.api(command, args, (error, response) =>
        error ? reject(error) : resolve(response?.getBody() ?? ''),
      );
    });
    return Promise.race([answered, this.#gone.promise]);
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

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Stops a running playback when a signal aborts: at once if it has begun, else as soon as it begins. */
class PlaybackBreaker {
  readonly #endpoint: FsmrfEndpoint;
  readonly #signal: AbortSignal;
  readonly #onStart = (): void => this.#began();
  readonly #onAbort = (): void => this.#abort();
  #started: boolean;
  #again: NodeJS.Timeout | undefined;
  broken = false;

  /** `started`: what is to be stopped says nothing when it begins, so it counts as begun. */
  constructor(endpoint: FsmrfEndpoint, signal: AbortSignal, started = false) {
    this.#endpoint = endpoint;
    this.#signal = signal;
    this.#started = started;
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
