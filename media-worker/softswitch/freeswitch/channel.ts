/** A channel: one call leg's state and variables, what it sends and hears, and how it ends. What it does stands in applications. */

import { randomUUID } from 'node:crypto';
import type { AudioSink, AudioSource, Frame, ReceivedDigit, RtpSession } from '../rtp/types.ts';
import type { Dialog } from '../sip/types.ts';
import { causeFromReason, type HangupCause, reasonHeader } from './causes.ts';
import { basicHeaders, extendedHeaders, variableHeaders } from './channel-headers.ts';
import type { Conference } from './conference/conference.ts';
import { type Core, microseconds } from './core.ts';
import type { EventSocket } from './esl/connection.ts';
import type { Header, HeaderValue } from './event.ts';
import { Execution } from './execution.ts';
import { Output, type Overlay } from './output.ts';
import { type ChannelRecording, stopRecording } from './recording.ts';
import { endSession } from './statistics.ts';

export type ChannelState =
  | 'CS_NEW'
  | 'CS_INIT'
  | 'CS_ROUTING'
  | 'CS_SOFT_EXECUTE'
  | 'CS_EXECUTE'
  | 'CS_EXCHANGE_MEDIA'
  | 'CS_PARK'
  | 'CS_CONSUME_MEDIA'
  | 'CS_HIBERNATE'
  | 'CS_RESET'
  | 'CS_HANGUP'
  | 'CS_REPORTING'
  | 'CS_DESTROY';

export type CallState = 'DOWN' | 'RINGING' | 'EARLY' | 'ACTIVE' | 'HELD' | 'UNHELD' | 'HANGUP';

const CALL_STATE_NUMBERS: Readonly<Record<CallState, string>> = {
  DOWN: '0',
  RINGING: '2',
  EARLY: '3',
  ACTIVE: '4',
  HELD: '5',
  HANGUP: '7',
  UNHELD: '8',
};

/**
 * Who ends the channel. `local`: the `hangup` application; events precede the disconnect notice. `remote`: the far end's BYE.
 * `abrupt`: something outside the channel's own socket (uuid_kill, end of a conference, unknown application); the notice comes
 * first and the socket sees no more events (39, 37c, 42).
 */
export type HangupSide = 'local' | 'remote' | 'abrupt';

/** Something undone when the channel ends: recordings, displacements, a place in a conference. */
export type Cleanup = () => void | Promise<void>;

export interface ChannelOptions {
  readonly core: Core;
  readonly rtp: RtpSession;
  readonly number: number;
  readonly name: string;
  readonly networkAddress: string;
  readonly destination: string;
}

export class Channel {
  readonly uuid: string = randomUUID();
  readonly core: Core;
  readonly rtp: RtpSession;
  readonly number: number;
  readonly name: string;
  readonly networkAddress: string;
  readonly destination: string;
  readonly variables = new Map<string, HeaderValue>();
  readonly execution: Execution;
  readonly output: Output;
  /** By name, so that an api can undo one. */
  readonly cleanups = new Map<string, Cleanup>();
  readonly times = {
    created: microseconds(),
    answered: '0',
    hangup: '0',
    transfer: '0',
    bridged: '0',
    lastHold: '0',
  };
  /** Resolves when nothing of the channel is left. */
  readonly gone: Promise<void>;
  #setGone: () => void = () => {};
  state: ChannelState = 'CS_NEW';
  callState: CallState = 'DOWN';
  answerState: 'ringing' | 'early' | 'answered' | 'hangup' = 'ringing';
  profileIndex = 1;
  /** Counts what has decided what the channel does next: its dialplan, transfers, bridges. A plan that is not the last stops. */
  plan = 0;
  /** Set until answered: what the `answer` application does. */
  answer: (() => void) | undefined;
  codec: 'PCMU' | 'PCMA' | undefined;
  cause: HangupCause | undefined;
  dialog: Dialog | undefined;
  socket: EventSocket | undefined;
  bridgedTo: Channel | undefined;
  /** What the other side of the bridge says, while bridged. */
  bridgeSource: AudioSource | undefined;
  conference: Conference | undefined;
  /** Its number in conferences, from the first one on. */
  memberId: number | undefined;
  /** By path. */
  readonly recordings = new Map<string, ChannelRecording>();
  breakPending = false;
  /** `set_mute read`: nobody hears this channel. */
  readMuted = false;
  readonly #ears = new Set<AudioSink>();
  readonly #silence: Frame = new Int16Array(160);
  readonly #ear: AudioSink;

  constructor(options: ChannelOptions) {
    this.core = options.core;
    this.rtp = options.rtp;
    this.number = options.number;
    this.name = options.name;
    this.networkAddress = options.networkAddress;
    this.destination = options.destination;
    this.execution = new Execution(this);
    this.output = new Output((source) => this.execution.sourceEnded(source));
    this.gone = new Promise((resolve) => {
      this.#setGone = resolve;
    });
    this.#ear = {
      write: (frame) => {
        for (const ear of this.#ears) ear.write(this.readMuted ? this.#silence : frame);
      },
      close: () => {},
    };
    this.rtp.onDigit = (digit) => this.receiveDigit(digit);
    this.rtp.onSourceEnd = () => this.#attachOutput();
  }

  /** The channel has been hung up; its applications are ending or have ended. */
  get ended(): boolean {
    return this.cause !== undefined;
  }

  fire(name: string, headers: () => readonly Header[], options: { subclass?: string } = {}): void {
    this.core.fire(name, headers, { ...options, uuid: this.uuid });
  }

  /** A channel event without headers of its own. `extended` adds the variables. */
  announce(name: string, extended: boolean, extra: readonly Header[] = []): void {
    this.fire(name, () => [...extra, ...(extended ? extendedHeaders(this) : basicHeaders(this))]);
  }

  variable(name: string): string | undefined {
    const value = this.variables.get(name);
    return typeof value === 'string' ? value : value?.[0];
  }

  /** A variable that is set again moves to the end, as in FreeSWITCH. Nothing or an empty value removes it. */
  setVariable(name: string, value: HeaderValue | undefined): void {
    this.variables.delete(name);
    if (value !== undefined && value !== '' && value !== '_undef_') this.variables.set(name, value);
  }

  /** Replaces `${name}` by the variable's value (empty when unset). */
  expand(text: string): string {
    if (!text.includes('${')) return text;
    return text.replace(/\$\{([^{}()]+)\}/g, (_, name: string) => {
      const value = this.variable(name) ?? (name === 'uuid' ? this.uuid : this.core.globals.get(name));
      return value ?? '';
    });
  }

  setState(state: ChannelState): void {
    this.state = state;
    this.announce('CHANNEL_STATE', false);
  }

  setCallState(callState: CallState): void {
    const before = this.callState;
    this.callState = callState;
    this.fire('CHANNEL_CALLSTATE', () => [
      ['Original-Channel-Call-State', before],
      ['Channel-Call-State-Number', CALL_STATE_NUMBERS[callState]],
      ...basicHeaders(this),
    ]);
    if (callState === 'UNHELD') this.callState = 'ACTIVE';
  }

  /** A digit from the far end (RFC 4733, INFO) or from `uuid_recv_dtmf`. */
  receiveDigit(digit: ReceivedDigit): void {
    if (this.ended) return;
    const source = digit.source === 'INFO' ? 'ENDPOINT' : digit.source;
    this.fire('DTMF', () => [
      ...basicHeaders(this),
      ['DTMF-Digit', digit.digit],
      ['DTMF-Duration', String(digit.durationSamples)],
      ['DTMF-Source', source],
    ]);
    this.execution.digit(digit);
    this.onBridgedDigit?.(digit);
  }

  /** Set while bridged: passes digits to the other side. */
  onBridgedDigit: ((digit: ReceivedDigit) => void) | undefined;

  /** What an application plays; `undefined` when none does, so that a bridge is heard. */
  setSource(innermost: { readonly source: AudioSource | undefined } | undefined): void {
    this.output.current = innermost === undefined ? this.bridgeSource : innermost.source;
    this.#attachOutput();
  }

  setOverlay(overlay: Overlay | undefined): void {
    this.output.overlay = overlay;
    this.#attachOutput();
  }

  #attachOutput(): void {
    const wanted = this.output.active && !this.ended ? this.output : undefined;
    if (this.rtp.source !== wanted) this.rtp.source = wanted;
  }

  /** Hears what the far end says (silence while muted). */
  listen(ear: AudioSink): void {
    if (this.#ears.size === 0) this.rtp.addSink(this.#ear);
    this.#ears.add(ear);
  }

  unlisten(ear: AudioSink): void {
    if (this.#ears.delete(ear) && this.#ears.size === 0) this.rtp.removeSink(this.#ear);
  }

  /** Replies to `connect`, `uuid_dump`: everything known. */
  dataHeaders(): Header[] {
    return [...basicHeaders(this), ...variableHeaders(this)];
  }

  /** Ends the channel. Returns at once; `gone` tells when nothing is left. Idempotent. */
  hangup(cause: HangupCause, options: { readonly side: HangupSide }): void {
    if (this.ended) return;
    if (this.callState === 'HELD') this.setCallState('UNHELD');
    this.cause = cause;
    this.answerState = 'hangup';
    this.times.hangup = microseconds();
    this.setVariable('hangup_cause', cause);
    this.announce('CHANNEL_HANGUP', true);
    const { dialog } = this;
    if (dialog !== undefined && options.side !== 'remote' && !dialog.ended.aborted) {
      // Not waited for: the far end may be gone, and the user agent sees to it when it closes.
      dialog.bye({ Reason: reasonHeader(cause) }).catch((error: unknown) => {
        this.core.log('debug', 'BYE', { uuid: this.uuid, error: String(error) });
      });
    }
    if (options.side === 'abrupt') this.socket?.disconnect();
    this.core.track(this.#end(options.side), `ending channel ${this.uuid}`);
  }

  async #end(side: HangupSide): Promise<void> {
    try {
      for (const cleanup of this.cleanups.values()) await cleanup();
      this.cleanups.clear();
      await stopRecording(this, 'all');
      await this.execution.unwind(side === 'local' ? 'hangup' : 'remote');
    } finally {
      this.setState('CS_HANGUP');
      this.setCallState('HANGUP');
      this.socket?.disconnect();
      this.setState('CS_REPORTING');
      this.announce('CHANNEL_HANGUP_COMPLETE', true, [['Hangup-Cause', this.cause ?? '']]);
      this.output.close();
      endSession(this.core, this.rtp.statistics);
      this.rtp.close();
      this.core.channels.delete(this.uuid);
      this.announce('CHANNEL_DESTROY', true);
      this.setState('CS_DESTROY');
      this.#setGone();
    }
  }

  /** The dialog ended: the far end's BYE, or it stopped answering. */
  dialogEnded(reason: string | undefined): void {
    this.hangup(causeFromReason(reason), { side: 'remote' });
  }
}
