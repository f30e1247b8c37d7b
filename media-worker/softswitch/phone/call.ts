import { EventEmitter } from 'node:events';
import { fault, PivotError } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import { answerOffer, type LocalMedia, makeOffer, readAnswer } from '../rtp/sdp.ts';
import { DEFAULT_DIGIT_MS, eventCode } from '../rtp/telephone-event.ts';
import type { AudioSource, RtpSession } from '../rtp/types.ts';
import { isSipFailure } from '../sip/failure.ts';
import { digitOfInfo, infoOfDigit } from '../sip/info-digits.ts';
import type { Dialog, DialogEnd, ExtraHeaders, OutgoingCall, SipMessage, UserAgent } from '../sip/types.ts';
import type { ListeningEar } from './ear.ts';
import type { CallEnd, CallOptions, PhoneCall, PhoneCallEvents } from './types.ts';

/** A far end that is gone does not answer BYE; for longer than this nobody wants to wait for it. */
const BYE_PATIENCE_MS = 2000;

/** Sends the INVITE; from here on the call owns session, ear and source. */
export function startCall(agent: UserAgent, rtp: RtpSession, ear: ListeningEar, options: CallOptions): PhoneCall {
  return new Call(agent, rtp, ear, options);
}

class Call implements PhoneCall {
  readonly callId: string;
  readonly events = new EventEmitter<PhoneCallEvents>();
  readonly answered: Promise<SipMessage>;
  readonly ended: Promise<CallEnd>;
  readonly responses: SipMessage[] = [];
  readonly ear: ListeningEar;
  readonly rtp: RtpSession;
  state: PhoneCall['state'] = 'calling';
  dialog: Dialog | undefined;

  readonly #outgoing: OutgoingCall;
  readonly #codecs: LocalMedia['codecs'];
  #sdpVersion = 1;
  #hungUp = false;
  #bye: Promise<void> | undefined;
  #playing: { readonly source: AudioSource; readonly over: () => void } | undefined;
  /** Aborts when the call is over. */
  readonly #over = new AbortController();

  constructor(agent: UserAgent, rtp: RtpSession, ear: ListeningEar, options: CallOptions) {
    this.rtp = rtp;
    this.ear = ear;
    this.#codecs = options.codecs;
    rtp.addSink(ear);
    rtp.onDigit = (digit) => this.events.emit('digit', digit);
    rtp.onSourceEnd = (source) => this.#played(source);
    ear.onSound = (sounding) => this.events.emit('sound', sounding, ear.heardMs);
    if (options.source !== undefined) void this.play(options.source);

    const from = options.from ?? 'pivot-phone';
    this.#outgoing = agent.invite({
      uri: requestUri(options),
      ...(options.host === undefined && options.uri === undefined ? {} : { sendTo: `sip:${serverOf(options)}` }),
      from: /^sips?:/i.test(from) ? from : `sip:${encodeUser(from)}@${options.host ?? hostOf(options.sip)}`,
      sdp: this.#offer(),
      ...(options.fromName === undefined ? {} : { fromName: options.fromName }),
      ...(options.headers === undefined ? {} : { headers: options.headers }),
      ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
      ...(options.callId === undefined ? {} : { callId: options.callId }),
    });
    this.callId = this.#outgoing.callId;
    this.#outgoing.onProvisional = (message) => {
      this.responses.push(message);
      // Early media: what the far end plays before it answers.
      if (message.body !== '') this.#useAnswer(message.body);
      this.events.emit('provisional', message);
    };
    const { promise, resolve, reject } = Promise.withResolvers<SipMessage>();
    this.answered = promise;
    // Whoever waits only for the end need not look at it.
    this.answered.catch(() => undefined);
    this.ended = this.#live(resolve, reject);
    options.signal?.addEventListener('abort', () => void this.hangup(), { once: true, signal: this.#over.signal });
    if (options.signal?.aborted === true) void this.hangup();
  }

  header(name: string): string | undefined {
    const wanted = name.toLowerCase();
    for (const message of this.responses.toReversed()) {
      const value = message.headers.get(wanted)?.[0];
      if (value !== undefined) return value;
    }
    return undefined;
  }

  press(digits: string, options: { by?: 'rtp' | 'info'; durationMs?: number } = {}): Promise<void> {
    const by = options.by ?? (this.rtp.remote?.eventPayloadType === undefined ? 'info' : 'rtp');
    const durationMs = options.durationMs ?? DEFAULT_DIGIT_MS;
    return by === 'rtp' ? this.rtp.sendDigits(digits, durationMs) : this.#pressByInfo(digits, durationMs);
  }

  play(source: AudioSource): Promise<void> {
    this.#stopPlaying();
    if (this.#over.signal.aborted) {
      source.close();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#playing = { source, over: resolve };
      this.rtp.source = source;
    });
  }

  hangup(headers?: ExtraHeaders): Promise<CallEnd> {
    if (!this.#hungUp && this.state !== 'ended') {
      this.#hungUp = true;
      if (this.dialog !== undefined) this.#sendBye(this.dialog, headers);
      else this.#outgoing.cancel();
    }
    return this.ended;
  }

  async #live(resolve: (message: SipMessage) => void, reject: (error: unknown) => void): Promise<CallEnd> {
    let end: CallEnd;
    try {
      const dialog = await this.#outgoing.answered;
      end = await this.#talk(dialog, resolve);
    } catch (error) {
      end = this.#rejected(error);
      reject(
        new PivotError(fault(softswitchCodes.callRejected, `the call was not answered: ${end.status} ${end.reason}`), {
          cause: error,
        }),
      );
    }
    this.state = 'ended';
    this.#over.abort();
    this.#stopPlaying();
    this.rtp.close();
    this.ear.close();
    await Promise.all([this.ear.recorded(), this.#bye]);
    this.events.emit('ended', end);
    return end;
  }

  /** From the answer to the end. */
  #talk(dialog: Dialog, answered: (message: SipMessage) => void): Promise<CallEnd> {
    this.dialog = dialog;
    this.state = 'answered';
    this.responses.push(dialog.initial);
    dialog.onReinvite = (offer) => this.#reinvited(offer);
    dialog.onAckSdp = (sdp) => this.#useAnswer(sdp);
    dialog.onInfo = (contentType, body) => this.#informed(contentType, body);
    return new Promise((resolve) => {
      const over = (): void => resolve(endOf(dialog.ended.reason as DialogEnd));
      dialog.ended.addEventListener('abort', over, { once: true });
      if (dialog.ended.aborted) over();
      this.#useAnswer(dialog.remoteSdp);
      answered(dialog.initial);
      this.events.emit('answered', dialog.initial);
      // CANCEL and 200 crossed.
      if (this.#hungUp) this.#sendBye(dialog);
    });
  }

  /** The dialog is over as soon as BYE is sent, answered or not; the call waits a little for the answer. */
  #sendBye(dialog: Dialog, headers?: ExtraHeaders): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, BYE_PATIENCE_MS);
    dialog
      .bye(headers)
      .catch(() => undefined)
      .finally(resolve);
    this.#bye = promise.finally(() => clearTimeout(timer));
  }

  #rejected(error: unknown): CallEnd {
    const failure = isSipFailure(error) ? error : undefined;
    const status = failure?.status ?? 500;
    const reason = failure?.reason ?? String(error);
    const message = failure?.message_;
    if (message !== undefined) this.responses.push(message);
    this.events.emit('rejected', status, reason, message);
    return { by: this.#hungUp ? 'local' : 'rejected', status, reason, ...ofMessage(message) };
  }

  #useAnswer(sdp: string): void {
    const remote = readAnswer(sdp);
    // An answer that cannot be used leaves a call without sound, as with any phone; the far end sees that in its own way.
    if (!('code' in remote)) this.rtp.setRemote(remote);
  }

  #reinvited(offer: string): string {
    this.#sdpVersion++;
    if (offer === '') return this.#offer();
    const answer = answerOffer(offer, this.#local());
    if ('code' in answer) throw new PivotError(answer);
    this.rtp.setRemote(answer.remote);
    return answer.sdp;
  }

  #informed(contentType: string, body: string): void {
    const digit = digitOfInfo(contentType, body);
    if (digit !== undefined) this.events.emit('digit', digit);
  }

  async #pressByInfo(digits: string, durationMs: number): Promise<void> {
    const { dialog } = this;
    if (dialog === undefined) throw new PivotError(fault(softswitchCodes.sessionClosed, 'the call is not answered'));
    for (const digit of digits) {
      if (digit === 'w' || digit === 'W') await this.#pause(digit === 'w' ? 500 : 1000);
      else if (eventCode(digit) >= 0) {
        await dialog.info('application/dtmf-relay', infoOfDigit(digit, durationMs));
      }
    }
  }

  /** A pause of heard time. */
  #pause(milliseconds: number): Promise<void> {
    const until = this.ear.heardMs + milliseconds;
    return this.ear.until((ear) => ear.heardMs >= until);
  }

  #played(source: AudioSource): void {
    if (this.#playing?.source === source) this.#stopPlaying();
  }

  #stopPlaying(): void {
    const playing = this.#playing;
    if (playing === undefined) return;
    this.#playing = undefined;
    if (this.rtp.source === playing.source) this.rtp.source = undefined;
    playing.source.close();
    playing.over();
  }

  #offer(): string {
    return makeOffer(this.#local());
  }

  #local(): LocalMedia {
    return {
      address: this.rtp.addressFor(''),
      port: this.rtp.localPort,
      name: 'pivot-phone',
      sessionVersion: this.#sdpVersion,
      ...(this.#codecs === undefined ? {} : { codecs: this.#codecs }),
    };
  }
}

function endOf(end: DialogEnd): CallEnd {
  return { by: end.side, ...(end.side === 'remote' ? ofMessage(end.message) : {}) };
}

function ofMessage(message: SipMessage | undefined): Pick<CallEnd, 'message' | 'reasonHeader'> {
  if (message === undefined) return {};
  const reasonHeader = message.headers.get('reason')?.[0];
  return reasonHeader === undefined ? { message } : { message, reasonHeader };
}

function requestUri(options: CallOptions): string {
  return options.uri ?? `sip:${encodeUser(options.number)}@${options.host ?? serverOf(options)}`;
}

/** Where the INVITE goes. */
function serverOf({ sip, transport }: CallOptions): string {
  return `${sip}${transport === 'tcp' ? ';transport=tcp' : ''}`;
}

/** Without the port; IPv6 hosts stand in brackets. */
function hostOf(hostPort: string): string {
  return /^(\[[^\]]+\]|[^:]*)/.exec(hostPort)?.[1] ?? hostPort;
}

/** RFC 3261's `user`: what may not stand there is escaped. */
function encodeUser(user: string): string {
  return user
    .replace(/[^A-Za-z0-9\-_.!~*'()&=+$,;?/#]/g, (character) => encodeURIComponent(character))
    .replace(/#/g, '%23');
}
