import { setTimeout as delay } from 'node:timers/promises';
import type { Json } from '../../crds/callflow/node.ts';
import { engineCodes } from '../../crds/errors/engine.ts';
import { type Fault, fault, faultOf } from '../../crds/errors/fault.ts';
import { mediaCodes } from '../../crds/errors/media.ts';
import { routingCodes } from '../../crds/errors/routing.ts';
import type { MediaEndpoint } from '../media/endpoint.ts';
import { describeSound, type Sound } from '../media/sound.ts';
import { causeOfReason, REASON_PHRASES, reasonHeader, statusOfCause } from '../sip/causes.ts';
import { digitOfInfo } from '../sip/dtmf-relay.ts';
import type { Invite } from '../sip/invite.ts';
import { onlyAudio } from '../sip/sdp.ts';
import type { SignallingClient, SipDialog, SipHeaders, SipRequest, SipResponse } from '../sip/srf.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { Call, CallEnd, CallMemory, PlayOptions, PlayOutcome } from './call.ts';
import { DigitQueue } from './digits.ts';
import type { CallFacts, CallStatus } from './facts.ts';
import type { CallResources } from './resources.ts';

/** Pause between digits that are sent, beside the digit's own length. */
const DIGIT_GAP_MS = 50;
/** Characters of a sound's description in a trace. */
const LONGEST_DESCRIPTION = 512;

export interface ALegOptions {
  readonly request: SipRequest;
  readonly response: SipResponse;
  readonly invite: Invite;
  readonly signalling: SignallingClient;
  readonly resources: CallResources;
  readonly span: CallSpan;
  readonly account: string;
  readonly callflow: string;
  readonly number: string;
  readonly language: string;
  /** Headers for every response to the INVITE, e.g. `X-Pivot-Trace`. */
  readonly headers: SipHeaders;
}

/**
 * The caller's leg: signalling through drachtio, sound through an endpoint on FreeSWITCH that is made when the first sound is needed.
 *
 *     ringing ──answer──► answered ──BYE either way──► over
 *        └── early (183, sound before the answer) ──┘
 *        └── CANCEL, final status ───────────────────► over
 */
export class ALeg implements Call {
  readonly #options: ALegOptions;
  readonly #over = new AbortController();
  readonly #facts: Omit<
    CallFacts,
    'status' | 'language' | 'customApplicationVars' | 'customSipHeaders' | 'collections' | 'variables' | 'recording'
  >;
  #status: CallStatus = 'ringing';
  #endpoint: Promise<MediaEndpoint> | undefined;
  #answering: Promise<void> | undefined;
  #early = false;
  #dialog: SipDialog | undefined;
  readonly digits = new DigitQueue();
  readonly memory: CallMemory;
  readonly span: CallSpan;
  /** Epoch milliseconds. */
  readonly createdAt = Date.now();
  #answeredAt: number | undefined;

  constructor(options: ALegOptions) {
    const { invite, request } = options;
    this.#options = options;
    this.span = options.span;
    this.memory = {
      language: options.language,
      customApplicationVars: new Map<string, Json>(),
      customSipHeaders: new Map(Object.entries(invite.customHeaders)),
      customChannelVars: new Map(),
      collections: new Map(),
      variables: new Map(),
      recording: undefined,
    };
    this.#facts = {
      callId: invite.callId,
      account: options.account,
      callflow: options.callflow,
      number: options.number,
      direction: 'inbound',
      from: invite.from,
      to: invite.to,
      request: invite.request,
      callerIdName: invite.callerIdName,
      callerIdNumber: invite.callerIdNumber,
      ...(invite.forwardedFrom === undefined ? {} : { forwardedFrom: invite.forwardedFrom }),
      userIds: [],
    };
    request.on('cancel', () => this.#end({ side: 'caller', cause: 'ORIGINATOR_CANCEL', sipStatus: 487 }, 'canceled'));
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get answered(): boolean {
    return this.#dialog !== undefined;
  }

  get answeredAt(): number | undefined {
    return this.#answeredAt;
  }

  facts(): CallFacts {
    const { language, customApplicationVars, customSipHeaders, collections, variables, recording } = this.memory;
    return {
      ...this.#facts,
      status: this.#status,
      language,
      customApplicationVars: Object.fromEntries(customApplicationVars),
      customSipHeaders: Object.fromEntries(customSipHeaders),
      collections: Object.fromEntries(collections),
      variables: Object.fromEntries(variables),
      ...(recording === undefined ? {} : { recording }),
    };
  }

  /** Tells the caller that the call is being handled: 180 Ringing. */
  ring(): void {
    if (this.signal.aborted || this.answered || this.#early) return;
    this.#options.response.send(180, { headers: this.#options.headers });
  }

  answer(): Promise<void> {
    if (this.signal.aborted) return Promise.reject(this.signal.reason);
    this.#answering ??= this.#answer();
    return this.#answering;
  }

  async #answer(): Promise<void> {
    const { request, response, signalling, invite, headers } = this.#options;
    const endpoint = await this.#media();
    this.signal.throwIfAborted();
    const localSdp = invite.sdp === '' ? onlyAudio(endpoint.localSdp) : endpoint.localSdp;
    const answered = this.span.child('answer');
    try {
      const dialog = await signalling.createUAS(request, response, { localSdp, headers });
      this.#dialog = dialog;
      this.#answeredAt = Date.now();
      this.#status = 'in-progress';
      this.#listen(dialog, endpoint);
      if (this.signal.aborted) this.#bye(this.signal.reason as CallEnd);
    } catch (error) {
      this.signal.throwIfAborted();
      answered.fail(faultOf(error, routingCodes.answerFailed));
      this.#end({ side: 'caller', cause: 'ORIGINATOR_CANCEL' }, 'failed');
    } finally {
      answered.end();
    }
    this.signal.throwIfAborted();
  }

  #listen(dialog: SipDialog, endpoint: MediaEndpoint): void {
    dialog.on('destroy', (bye) => {
      this.#end({ side: 'caller', cause: causeOfReason(bye.get('Reason')) }, 'completed');
    });
    dialog.on('modify', (request, response) => {
      endpoint.modify(request.body).then(
        (sdp) => {
          dialog.local.sdp = sdp;
          response.send(200, { body: sdp, headers: { 'Content-Type': 'application/sdp' } });
        },
        () => response.send(488),
      );
    });
    dialog.on('info', (request, response) => {
      const digit = digitOfInfo(request.get('Content-Type'), request.body);
      if (digit !== undefined) this.#digit(digit);
      response.send(200);
    });
    dialog.on('refer', (_request, response) => response.send(603));
    // Delayed offer: the caller's answer comes in the ACK.
    if (this.#options.invite.sdp === '') {
      dialog.on('ack', (ack) => {
        if (ack.body !== '') endpoint.modify(ack.body).catch(() => {});
      });
    }
  }

  #digit(digit: string): void {
    if (this.signal.aborted) return;
    this.digits.push(digit);
  }

  #media(): Promise<MediaEndpoint> {
    this.#endpoint ??= this.#makeEndpoint();
    return this.#endpoint;
  }

  async #makeEndpoint(): Promise<MediaEndpoint> {
    const { resources, invite } = this.#options;
    const span = this.span.child('media.endpoint');
    try {
      const endpoint = await resources.media().createEndpoint(invite.sdp, this.signal);
      endpoint.onDigit = (digit) => this.#digit(digit);
      endpoint.onLost = (cause) => {
        this.span.warn(fault(routingCodes.mediaLost, `FreeSWITCH ended the endpoint with ${cause}`));
        this.#end({ side: 'media', cause }, 'failed');
      };
      span.set({ 'pivot.media.endpoint': endpoint.uuid });
      return endpoint;
    } catch (error) {
      this.signal.throwIfAborted();
      const reason = faultOf(error, routingCodes.mediaUnavailable);
      span.fail(reason);
      this.span.fail(reason);
      const noCodec = reason.code === routingCodes.noCommonCodec.code;
      await this.#terminate(
        noCodec
          ? { cause: 'INCOMPATIBLE_DESTINATION', sipStatus: 488 }
          : { cause: 'NETWORK_OUT_OF_ORDER', sipStatus: 503, headers: { 'Retry-After': '5' } },
        'media',
      );
      throw this.signal.reason;
    } finally {
      span.end();
    }
  }

  /** Sound before the answer: 183 with our session description. */
  async #earlyMedia(): Promise<void> {
    if (this.answered || this.#early || this.#answering !== undefined) return this.#answering;
    const endpoint = await this.#media();
    this.signal.throwIfAborted();
    if (this.answered || this.#early) return;
    this.#early = true;
    this.#options.response.send(183, {
      body: endpoint.localSdp,
      headers: { ...this.#options.headers, 'Content-Type': 'application/sdp' },
    });
  }

  play(sound: Sound, options: PlayOptions): Promise<PlayOutcome> {
    const what = {
      'pivot.media.kind': sound.kind,
      'pivot.media.sound': describeSound(sound).slice(0, LONGEST_DESCRIPTION),
    };
    return options.span.run('media.play', what, async (span) => {
      const outcome = await this.#play(sound, { ...options, span });
      span.set({ 'pivot.media.outcome': outcome.kind });
      return outcome;
    });
  }

  async #play(sound: Sound, options: PlayOptions): Promise<PlayOutcome> {
    const { span } = options;
    const stop = options.signal === undefined ? this.signal : AbortSignal.any([this.signal, options.signal]);
    // The sound is fetched or spoken while the call is being answered.
    const prepared = this.#options.resources.sounds.prepare(sound, {
      account: this.#facts.account,
      signal: stop,
      span,
    });
    prepared.catch(() => {});
    await (options.early === true ? this.#earlyMedia() : this.answer());
    const endpoint = await this.#media();

    const key = new AbortController();
    const stopListening = this.digits.listen((digit) => {
      if (options.stopOn.includes(digit)) key.abort(digit);
    });
    try {
      const ready = await prepared;
      for (const warning of ready.ok ? ready.warnings : []) span.warn(warning);
      if (!ready.ok) return this.#unplayable(ready.fault, span);
      const outcome = await endpoint.play(ready.prepared.reference, AbortSignal.any([stop, key.signal]));
      this.signal.throwIfAborted();
      if (key.signal.aborted) return { kind: 'digit', digit: String(key.signal.reason) };
      if (outcome.kind === 'stopped') return { kind: 'stopped' };
      if (outcome.kind === 'finished') return { kind: 'finished' };
      const message = `FreeSWITCH could not play ${describeSound(sound)}: ${outcome.response}`;
      return this.#unplayable(fault(mediaCodes.notPlayable, message), span);
    } catch (error) {
      this.signal.throwIfAborted();
      if (options.signal?.aborted === true) return { kind: 'stopped' };
      return this.#unplayable(faultOf(error, mediaCodes.notPlayable), span);
    } finally {
      stopListening();
    }
  }

  #unplayable(reason: Fault, span: CallSpan): PlayOutcome {
    span.warn(reason);
    return { kind: 'failed', fault: reason };
  }

  async sendDigits(digits: string, durationMs = 200): Promise<void> {
    await this.answer();
    const endpoint = await this.#media();
    try {
      await endpoint.sendDigits(digits, durationMs);
    } catch (error) {
      this.signal.throwIfAborted();
      this.span.warn(faultOf(error, engineCodes.digitsNotSent));
      return;
    }
    const pauses = { w: 500, W: 1000 } as const;
    const total = [...digits].reduce(
      (sum, key) => sum + (key === 'w' || key === 'W' ? pauses[key] : durationMs + DIGIT_GAP_MS),
      0,
    );
    await this.sleep(total);
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const either = signal === undefined ? this.signal : AbortSignal.any([this.signal, signal]);
    try {
      await delay(ms, undefined, { signal: either });
    } catch {
      throw either.reason;
    }
  }

  async hangup(options: { cause?: string; sipStatus?: number; reason?: string } = {}): Promise<void> {
    await this.#terminate({ cause: options.cause ?? 'NORMAL_CLEARING', ...options }, 'worker');
  }

  async #terminate(
    how: { cause: string; sipStatus?: number; reason?: string; headers?: SipHeaders },
    side: 'worker' | 'media',
  ): Promise<void> {
    if (this.signal.aborted) return;
    // An answer that is under way is let finish: a final status and a 200 must not cross.
    if (this.#answering !== undefined && !this.answered) await this.#answering.catch(() => {});
    if (this.signal.aborted) return;
    if (this.answered) {
      const { cause, sipStatus } = how;
      this.#end(
        { side, cause, ...(sipStatus === undefined ? {} : { sipStatus }) },
        side === 'worker' ? 'completed' : 'failed',
      );
      return;
    }
    const sipStatus = how.sipStatus ?? statusOfCause(how.cause);
    const status: CallStatus =
      sipStatus === 486 || sipStatus === 600 ? 'busy' : side === 'worker' ? 'no-answer' : 'failed';
    const { response, headers } = this.#options;
    if (!response.finalResponseSent) {
      response.send(sipStatus, how.reason ?? REASON_PHRASES[sipStatus] ?? '', {
        headers: { ...headers, ...how.headers, Reason: reasonHeader(how.cause) },
      });
    }
    this.#end({ side, cause: how.cause, sipStatus }, status);
  }

  /** Everything that can end a call comes through here, once. */
  #end(end: CallEnd, status: CallStatus): void {
    if (this.signal.aborted) return;
    this.#status = status;
    if (end.side !== 'caller') this.#bye(end);
    this.#over.abort(end);
  }

  #bye({ cause, sipStatus }: CallEnd): void {
    const dialog = this.#dialog;
    if (dialog === undefined || !dialog.connected) return;
    const reason = sipStatus === undefined ? reasonHeader(cause) : `SIP;cause=${sipStatus};text="${cause}"`;
    dialog.destroy({ headers: { Reason: reason } }, () => dialog.removeAllListeners());
  }

  /** The signalling connection is gone: nothing can be said to the caller any more. */
  lost(): void {
    this.#end({ side: 'media', cause: 'NETWORK_OUT_OF_ORDER' }, 'failed');
  }

  /** Frees the endpoint. To be called once, when the call is over; resolves when nothing of it is left. */
  async release(): Promise<void> {
    const endpoint = await this.#endpoint?.catch(() => undefined);
    await endpoint?.close();
  }
}
