import type { Json } from '../../crds/callflow/node.ts';
import { type Fault, faultOf } from '../../crds/errors/fault.ts';
import { routingCodes } from '../../crds/errors/routing.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import type { MediaEndpoint } from '../media/endpoint.ts';
import type { LegMedia } from '../media/leg-media.ts';
import type { Sound } from '../media/sound.ts';
import { REASON_PHRASES, reasonHeader, sendableStatus, statusOfCause } from '../sip/causes.ts';
import { headerText } from '../sip/header-text.ts';
import type { Invite } from '../sip/invite.ts';
import { onlyAudio } from '../sip/sdp.ts';
import { RETRY_AFTER } from '../sip/signalling.ts';
import type { SignallingClient, SipDialog, SipHeaders, SipRequest, SipResponse } from '../sip/srf.ts';
import type { CallSpan } from '../telemetry/span.ts';
import {
  type BackgroundRecording,
  type Call,
  type CallEnd,
  type CallMemory,
  OWN_CALLER_ID,
  type PlayOptions,
  type PlayOutcome,
  type RecordOptions,
  type RecordOutcome,
} from './call.ts';
import { attendDialog } from './dialog-requests.ts';
import { DigitQueue } from './digits.ts';
import type { CallFacts, CallStatus } from './facts.ts';
import { LegSound } from './leg-sound.ts';
import { type Referred, refer } from './refer.ts';
import type { CallResources } from './resources.ts';
import { pause, unlessAborted } from './waiting.ts';

/** Length of a digit that is sent, where nobody says otherwise. */
const DIGIT_MS = 200;
/**
 * What drachtio-server says of a 200 that crossed a CANCEL: it has answered the INVITE with 487 already. drachtio-srf passes no CANCEL on
 * once it has sent a final response, so this is the only word of it.
 */
const CANCELED_MEANWHILE = /unknown transaction/i;

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
  /** The device that calls, and its owners in the account. */
  readonly device?: ResourceKey;
  readonly userIds?: readonly string[];
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
  readonly #sound: LegSound;
  #answering: Promise<void> | undefined;
  /** A 200 OK that is on its way to drachtio-server: no other final status may cross it. */
  #accepting: Promise<SipDialog> | undefined;
  #early = false;
  readonly #answered = Promise.withResolvers<void>();
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
      sensitiveCollections: new Set(),
      variables: new Map(),
      recording: undefined,
      callerId: OWN_CALLER_ID,
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
      ...(options.device === undefined ? {} : { device: options.device }),
      userIds: options.userIds ?? [],
    };
    this.#sound = new LegSound({
      resources: options.resources,
      remoteSdp: invite.sdp,
      account: options.account,
      span: options.span,
      digits: this.digits,
      signal: this.signal,
      onUnavailable: (reason) => this.#withoutMedia(reason),
      onLost: (cause) => void this.#terminate({ cause, sipStatus: 503 }, 'media'),
    });
    request.on('cancel', () => this.#canceled());
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

  untilAnswered(): Promise<void> {
    return unlessAborted(this.#answered.promise, this.signal);
  }

  answer(): Promise<void> {
    if (this.signal.aborted) return Promise.reject(this.signal.reason);
    this.#answering ??= this.#answer();
    return this.#answering;
  }

  async #answer(): Promise<void> {
    const { request, response, signalling, invite, headers } = this.#options;
    const endpoint = await this.#sound.endpoint();
    this.signal.throwIfAborted();
    const localSdp = invite.sdp === '' ? onlyAudio(endpoint.localSdp) : endpoint.localSdp;
    const answered = this.span.child('answer');
    this.#accepting = signalling.createUAS(request, response, { localSdp, headers });
    try {
      // drachtio-server may never say what became of the 200 (its connection broke), so the call's end goes before it.
      await unlessAborted(
        this.#accepting.then((dialog) => this.#accepted(dialog, endpoint)),
        this.signal,
      );
    } catch (error) {
      // It rejects with the bare text.
      if (CANCELED_MEANWHILE.test(String(error))) this.#canceled();
      this.signal.throwIfAborted();
      const reason = faultOf(error, routingCodes.answerFailed);
      answered.fail(reason, true);
      this.span.fail(reason);
      this.#end({ side: 'worker', cause: 'NORMAL_TEMPORARY_FAILURE' }, 'failed');
    } finally {
      answered.end();
    }
    this.signal.throwIfAborted();
  }

  #canceled(): void {
    this.#end({ side: 'caller', cause: 'ORIGINATOR_CANCEL', sipStatus: 487 }, 'canceled');
  }

  /** The caller has our 200 OK. */
  #accepted(dialog: SipDialog, endpoint: MediaEndpoint): void {
    this.#dialog = dialog;
    if (this.signal.aborted) {
      this.#bye(this.signal.reason as CallEnd);
      return;
    }
    this.#answeredAt = Date.now();
    this.#status = 'in-progress';
    this.#answered.resolve();
    attendDialog(dialog, endpoint, {
      digits: this.digits,
      span: this.span,
      signal: this.signal,
      onBye: (cause) => this.#end({ side: 'caller', cause }, 'completed'),
    });
  }

  /** The endpoint could not be made: the caller is told why, and the call is over. */
  async #withoutMedia(reason: Fault): Promise<void> {
    this.span.fail(reason);
    const noCodec = reason.code === routingCodes.noCommonCodec.code;
    await this.#terminate(
      noCodec
        ? { cause: 'INCOMPATIBLE_DESTINATION', sipStatus: 488 }
        : { cause: 'NETWORK_OUT_OF_ORDER', sipStatus: 503, headers: RETRY_AFTER },
      'media',
    );
  }

  /** Sound before the answer: 183 with our session description. */
  async #earlyMedia(): Promise<void> {
    if (this.answered || this.#early || this.#answering !== undefined) return this.#answering;
    const endpoint = await this.#sound.endpoint();
    this.signal.throwIfAborted();
    if (this.answered || this.#early) return;
    this.#early = true;
    this.#options.response.send(183, {
      body: endpoint.localSdp,
      headers: { ...this.#options.headers, 'Content-Type': 'application/sdp' },
    });
  }

  play(sound: Sound, options: PlayOptions): Promise<PlayOutcome> {
    return this.#sound.play(sound, options, () => (options.early === true ? this.#earlyMedia() : this.answer()));
  }

  async record(options: RecordOptions): Promise<RecordOutcome> {
    await this.answer();
    return this.#sound.record(options);
  }

  async recordBeside(options: { path: string; channels: 1 | 2; maxSeconds: number }): Promise<BackgroundRecording> {
    await this.answer();
    return this.#sound.recordBeside(options);
  }

  async media(): Promise<LegMedia> {
    await this.answer();
    return this.#sound.endpoint();
  }

  async earlyMedia(): Promise<LegMedia> {
    await this.#earlyMedia();
    return this.#sound.endpoint();
  }

  async sendDigits(digits: string, durationMs = DIGIT_MS): Promise<void> {
    await this.answer();
    await this.#sound.sendDigits(digits, durationMs);
  }

  async refer(uri: string, limitMs: number): Promise<Referred> {
    await this.answer();
    // Answered calls have one.
    return refer(this.#dialog!, uri, limitMs, this.signal);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return pause(ms, signal === undefined ? this.signal : AbortSignal.any([this.signal, signal]));
  }

  async hangup(options: { cause?: string; sipStatus?: number; reason?: string } = {}): Promise<void> {
    await this.#terminate({ cause: options.cause ?? 'NORMAL_CLEARING', ...options }, 'worker');
  }

  async #terminate(
    how: { cause: string; sipStatus?: number; reason?: string; headers?: SipHeaders },
    side: 'worker' | 'media',
  ): Promise<void> {
    if (this.signal.aborted) return;
    if (this.#accepting !== undefined && !this.answered)
      await unlessAborted(this.#accepting, this.signal).catch(() => {});
    if (this.signal.aborted) return;
    if (this.answered) {
      // A status that a call is ended with after its answer can only be told as the reason of the BYE (RFC 3326).
      const status = side === 'worker' ? how.sipStatus : undefined;
      this.#end(
        { side, cause: how.cause, ...(status === undefined ? {} : { sipStatus: status }) },
        side === 'worker' ? 'completed' : 'failed',
      );
      return;
    }
    const sipStatus = how.sipStatus ?? statusOfCause(how.cause);
    this.#refuse(sendableStatus(sipStatus), how);
    this.#end({ side, cause: how.cause, sipStatus }, refusedStatus(sipStatus, side));
  }

  /** The final status of an INVITE that is not answered. A connection that cannot carry it any more does not keep the call alive. */
  #refuse(status: number, how: { cause: string; reason?: string; headers?: SipHeaders }): void {
    const { response, headers } = this.#options;
    if (response.finalResponseSent) return;
    const phrase = headerText(how.reason ?? '') || (REASON_PHRASES[status] ?? '');
    try {
      response.send(status, phrase, { headers: { ...headers, ...how.headers, Reason: reasonHeader(how.cause) } });
    } catch (error) {
      this.span.warn(faultOf(error, routingCodes.signallingLost));
    }
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
    // Whether the caller has confirmed the BYE, refused it or gone away: the dialog is over.
    dialog.destroy({ headers: { Reason: reason } }, () => dialog.removeAllListeners());
  }

  /** The signalling connection is gone: nothing can be said to the caller any more. */
  lost(): void {
    this.#end({ side: 'media', cause: 'NETWORK_OUT_OF_ORDER' }, 'failed');
  }

  /** Frees the endpoint, also one that is still being made. To be called when the call is over; resolves when nothing of it is left. */
  release(): Promise<void> {
    return this.#sound.release();
  }
}

/** `CallStatus` of a call that was refused (spec pivot-behaviour 5.13). */
function refusedStatus(sipStatus: number, side: 'worker' | 'media'): CallStatus {
  if (sipStatus === 486 || sipStatus === 600) return 'busy';
  return side === 'media' || (sipStatus >= 500 && sipStatus <= 599) ? 'failed' : 'no-answer';
}
