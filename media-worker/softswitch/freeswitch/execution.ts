/**
 * Applications on a channel run nested, not queued (recorded, 31c): one that is sent while another runs starts at once inside it;
 * the outer one pauses and completes after the inner one. So the applications of a channel form a stack of frames. Every wait of an
 * application goes through its context and returns only when the frame is innermost again.
 */

import { randomUUID } from 'node:crypto';
import type { AudioSource, ReceivedDigit } from '../rtp/types.ts';
import { applications } from './applications/registry.ts';
import type { Channel } from './channel.ts';
import { extendedHeaders } from './channel-headers.ts';
import type { Header } from './event.ts';

/** Why a playback ended: the file did, `uuid_break` or the application stopped it, the frame was aborted. */
export type PlayEnd = 'done' | 'break' | 'aborted';

/** Why frames are unwound. `hangup` executed on the channel itself completes them differently from a far end's BYE (38). */
export type Unwind = 'hangup' | 'remote' | 'transfer';

export interface ApplicationContext {
  readonly channel: Channel;
  /** The argument, channel variables expanded; empty when there was none. */
  readonly args: string;
  /** Aborts when the frame has to end; its reason is an `Unwind`. */
  readonly signal: AbortSignal;
  /** Called for each digit while this frame is innermost, after its DTMF event. */
  onDigit: ((digit: ReceivedDigit) => void) | undefined;
  /** Plays to the end, `uuid_break`, `stop` or abort. Does not close the source. */
  play(source: AudioSource): Promise<PlayEnd>;
  /** Ends the playback of this frame, if any, as `break`. */
  stop(): void;
  /** Resolves after `ms`, on `wake`, or when the frame is aborted. */
  wait(ms: number): Promise<void>;
  /** Resolves when the frame is aborted or `wake` is called. */
  park(): Promise<void>;
  wake(): void;
  /** Does something once the application's completion has been told. */
  afterwards(deed: () => void): void;
  /** Resolves when this frame is innermost: needed after an await that is not one of the above. */
  turn(): Promise<void>;
}

export interface Application {
  readonly name: string;
  /** A promise makes the application take time; without one it is over when `run` returns. */
  run(context: ApplicationContext): undefined | Promise<void>;
  /** The frame does not take the sound over: a bridge goes on beneath it. */
  readonly transparent?: boolean;
}

export interface Step {
  readonly app: string;
  readonly args: string;
}

interface Frame {
  readonly application: Application;
  readonly args: string;
  readonly uuid: string;
  readonly abort: AbortController;
  readonly context: ApplicationContext;
  playing: { readonly source: AudioSource; readonly end: (how: PlayEnd) => void } | undefined;
  finished: boolean;
  /** Inside a wait that another application may interrupt. */
  waiting: boolean;
  turns: (() => void)[];
  deeds: (() => void)[];
}

export class Execution {
  readonly #channel: Channel;
  readonly #stack: Frame[] = [];
  /** Sent while the innermost application was not waiting (opening a file): started when it does, or is over. */
  #queue: (() => void)[] = [];
  #emptied: (() => void)[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  get depth(): number {
    return this.#stack.length;
  }

  /** Starts an application inside whatever runs. An unknown one hangs the channel up without events (42). */
  execute(name: string, args: string, uuid: string = randomUUID()): void {
    const channel = this.#channel;
    if (channel.ended) return;
    const application = applications.get(name);
    if (application === undefined) {
      channel.core.log('warn', `invalid application ${name}`, { uuid: channel.uuid });
      channel.hangup('DESTINATION_OUT_OF_ORDER', { side: 'abrupt' });
      return;
    }
    const start = (): void => this.#run(application, channel.expand(args), uuid);
    // Nobody waits for a file to be opened in order to hang up.
    if (this.#interruptible() || name === 'hangup') start();
    else this.#queue.push(start);
  }

  #interruptible(): boolean {
    return this.#stack.at(-1)?.waiting ?? true;
  }

  #startQueued(): void {
    while (this.#queue.length > 0 && this.#interruptible() && !this.#channel.ended) this.#queue.shift()?.();
  }

  #run(application: Application, args: string, uuid: string): void {
    const channel = this.#channel;
    channel.setVariable('current_loop', '1');
    channel.setVariable('total_loops', '1');
    channel.setVariable('current_application_response', undefined);
    channel.setVariable('current_application', application.name);
    channel.setVariable('current_application_data', args);
    const frame = this.#frame(application, args, uuid);
    channel.fire('CHANNEL_EXECUTE', () => [...extendedHeaders(channel), ...this.#applicationHeaders(frame)]);
    this.#stack.push(frame);
    let running: undefined | Promise<void>;
    try {
      running = application.run(frame.context);
    } catch (error) {
      this.#failed(frame, error);
    }
    if (running === undefined) {
      this.#finish(frame);
      return;
    }
    this.refresh();
    running
      .catch((error: unknown) => this.#failed(frame, error))
      .then(() => {
        frame.finished = true;
        if (this.#stack.at(-1) === frame) this.#finish(frame);
      });
  }

  #failed(frame: Frame, error: unknown): void {
    const { core, uuid } = this.#channel;
    core.log('error', `application ${frame.application.name} failed`, { uuid, error: String(error) });
  }

  #finish(frame: Frame): void {
    const channel = this.#channel;
    this.#stack.splice(this.#stack.lastIndexOf(frame), 1);
    const response = channel.variable('current_application_response') ?? '_none_';
    channel.fire('CHANNEL_EXECUTE_COMPLETE', () => [
      ...extendedHeaders(channel),
      ...this.#applicationHeaders(frame, [['Application-Response', response]]),
    ]);
    for (const deed of frame.deeds) deed();
    const next = this.#stack.at(-1);
    // Back in `park` or `socket`: its loop clears a break that nothing took (31).
    if (next === undefined || next.application.transparent === true) channel.breakPending = false;
    this.refresh();
    if (next?.finished === true) this.#finish(next);
    else if (next !== undefined) for (const resume of next.turns.splice(0)) resume();
    if (this.#stack.length === 0) for (const emptied of this.#emptied.splice(0)) emptied();
    this.#startQueued();
  }

  #applicationHeaders(frame: Frame, response: readonly Header[] = []): Header[] {
    const headers: Header[] = [['Application', frame.application.name]];
    if (frame.args !== '') headers.push(['Application-Data', frame.args]);
    headers.push(...response, ['Application-UUID', frame.uuid]);
    return headers;
  }

  #frame(application: Application, args: string, uuid: string): Frame {
    const abort = new AbortController();
    let wakers: (() => void)[] = [];
    const turn = (): Promise<void> => {
      if (this.#stack.at(-1) === frame) return Promise.resolve();
      return new Promise((resolve) => frame.turns.push(resolve));
    };
    const interruptible = async <T>(wait: Promise<T>): Promise<T> => {
      frame.waiting = true;
      this.#startQueued();
      try {
        return await wait;
      } finally {
        frame.waiting = false;
      }
    };
    /** Waits until woken, aborted or timed out, then for the turn. */
    const rest = async (ms: number | undefined): Promise<void> => {
      if (!abort.signal.aborted) {
        const over = new Promise<void>((resolve) => {
          const timer = ms === undefined ? undefined : setTimeout(done, ms);
          function done(): void {
            clearTimeout(timer);
            abort.signal.removeEventListener('abort', done);
            wakers = wakers.filter((waker) => waker !== done);
            resolve();
          }
          abort.signal.addEventListener('abort', done);
          wakers.push(done);
        });
        await interruptible(over);
      }
      await turn();
    };
    const context: ApplicationContext = {
      channel: this.#channel,
      args,
      signal: abort.signal,
      onDigit: undefined,
      turn,
      wait: rest,
      park: () => rest(undefined),
      wake: () => {
        for (const waker of wakers) waker();
      },
      afterwards: (deed) => frame.deeds.push(deed),
      stop: () => frame.playing?.end('break'),
      play: async (source) => {
        if (abort.signal.aborted) return 'aborted';
        if (this.#channel.breakPending) {
          this.#channel.breakPending = false;
          return 'break';
        }
        const over = new Promise<PlayEnd>((resolve) => {
          const aborted = (): void => end('aborted');
          const end = (reason: PlayEnd): void => {
            abort.signal.removeEventListener('abort', aborted);
            frame.playing = undefined;
            this.refresh();
            resolve(reason);
          };
          abort.signal.addEventListener('abort', aborted);
          frame.playing = { source, end };
          this.refresh();
        });
        const how = await interruptible(over);
        await turn();
        return how;
      },
    };
    const frame: Frame = {
      application,
      args,
      uuid,
      abort,
      context,
      playing: undefined,
      finished: false,
      waiting: false,
      turns: [],
      deeds: [],
    };
    return frame;
  }

  /** Sets what the channel sends to what the innermost frame plays; beneath `park` and `socket` a bridge is heard. */
  refresh(): void {
    const top = this.#stack.findLast((frame) => frame.application.transparent !== true);
    this.#channel.setSource(top === undefined ? undefined : { source: top.playing?.source });
  }

  /** A source gave all it had. */
  sourceEnded(source: AudioSource): void {
    this.#stack.find((frame) => frame.playing?.source === source)?.playing?.end('done');
  }

  digit(digit: ReceivedDigit): void {
    this.#stack.at(-1)?.context.onDigit?.(digit);
  }

  /** `uuid_break`: ends the innermost playback; else leaves a mark that cuts the next one inside a running application (33j). */
  break(): void {
    const playing = this.#stack.findLast((frame) => frame.playing !== undefined)?.playing;
    const top = this.#stack.at(-1);
    if (playing !== undefined && top?.playing === playing) playing.end('break');
    else if (top !== undefined && top.application.transparent !== true) {
      this.#channel.breakPending = true;
      this.#onBreak(top);
    }
  }

  /** `sleep` and `record` end on a break. */
  #onBreak(frame: Frame): void {
    if (!ENDED_BY_BREAK.has(frame.application.name)) return;
    this.#channel.breakPending = false;
    frame.context.wake();
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    if (this.#stack.length > 0) await new Promise<void>((resolve) => this.#emptied.push(resolve));
  }

  /** Aborts every frame, innermost first; resolves when all have completed. */
  unwind(why: Unwind): Promise<void> {
    for (const frame of this.#stack.toReversed()) frame.abort.abort(why);
    return this.idle();
  }

  /**
   * Runs applications one after the other, as a dialplan does. False when something else took the channel over meanwhile (a
   * transfer, a bridge) or it ended.
   */
  async runAll(steps: readonly Step[]): Promise<boolean> {
    const channel = this.#channel;
    const { plan } = channel;
    for (const { app, args } of steps) {
      this.execute(app, args);
      await this.idle();
      if (channel.ended || channel.plan !== plan) return false;
    }
    return true;
  }
}

const ENDED_BY_BREAK: ReadonlySet<string> = new Set(['sleep', 'record', 'speak']);
