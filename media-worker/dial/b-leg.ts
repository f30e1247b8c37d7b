import { randomUUID } from 'node:crypto';
import { dialCodes } from '../../crds/errors/dial.ts';
import { type Fault, fault, faultOf } from '../../crds/errors/fault.ts';
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
} from '../call/call.ts';
import { attendDialog } from '../call/dialog-requests.ts';
import { DigitQueue } from '../call/digits.ts';
import type { CallFacts, CallStatus } from '../call/facts.ts';
import { LegSound } from '../call/leg-sound.ts';
import { type Referred, refer } from '../call/refer.ts';
import type { CallResources } from '../call/resources.ts';
import { pause, unlessAborted } from '../call/waiting.ts';
import type { MediaEndpoint } from '../media/endpoint.ts';
import type { LegMedia } from '../media/leg-media.ts';
import { reasonHeader } from '../sip/causes.ts';
import { onlyAudio } from '../sip/sdp.ts';
import type { SignallingClient, SipDialog, SipReply } from '../sip/srf.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { CdrRecord } from '../webhook/cdr.ts';
import { CANCELED, failureOfFault, failureOfResponse, type LegFailure, NOBODY_ANSWERED } from './failure.ts';
import { type Invitation, type InviteResult, invite } from './invitation.ts';
import { LegEvents, type LegEventsDeps } from './leg-events.ts';
import { type Places, routeOf } from './places.ts';
import type { LegPlan, Way } from './ring-plan.ts';
import type { TrunkCalls } from './trunks.ts';

/** Length of a digit that is sent, where nobody says otherwise. */
const DIGIT_MS = 200;

export interface BLegDeps {
  readonly signalling: SignallingClient;
  readonly resources: CallResources;
  readonly places: Places;
  readonly trunks: TrunkCalls;
  readonly events: LegEventsDeps;
}

export interface BLegOptions extends BLegDeps {
  readonly plan: LegPlan;
  /** The call that it is called for. */
  readonly parent: Call;
  /** What its span stands beneath. */
  readonly span: CallSpan;
  /** The called side plays something before it answers. */
  readonly onEarlyMedia: (leg: BLeg) => void;
  /** It is over. */
  readonly onOver: (record: CdrRecord) => void;
}

type Tried =
  | { readonly kind: 'answered'; readonly dialog: SipDialog }
  | { readonly kind: 'failed'; readonly failure: LegFailure; readonly next: boolean };

/**
 * A leg that is called for a call: signalling through drachtio, its sound on an endpoint of its own. Like the caller's leg it is a `Call`, so
 * that documents can be run on it.
 *
 *     ring ──200──► answered ──BYE either way──► over
 *       ├── 4xx to 6xx, the last way failed ───► over
 *       └── cancel ────────────────────────────► over
 */
export class BLeg implements Call {
  readonly callId = randomUUID();
  readonly digits = new DigitQueue();
  readonly memory: CallMemory;
  readonly span: CallSpan;
  readonly #options: BLegOptions;
  readonly #over = new AbortController();
  readonly #sound: LegSound;
  readonly #events: LegEvents;
  readonly #parent: CallFacts;
  readonly #createdAt = Date.now();
  readonly #answered = Promise.withResolvers<void>();
  /** INVITEs without a final response yet, also those that were cancelled. */
  readonly #pending = new Map<Invitation, Promise<void>>();
  #status: CallStatus = 'ringing';
  #dialog: SipDialog | undefined;
  #answeredAt: number | undefined;
  #rang = false;
  #place: { release(): void } | undefined;
  /** The far end's session description that FreeSWITCH has, or is being given. */
  #described = '';
  #describing: Promise<unknown> = Promise.resolve();
  #failure: LegFailure = CANCELED;

  constructor(options: BLegOptions) {
    const { plan, parent, resources, span } = options;
    this.#options = options;
    this.#parent = parent.facts();
    this.#events = new LegEvents(options.events, plan.wish.callback);
    this.span = span.attempt('dial.leg', { 'pivot.leg.call_id': this.callId, 'pivot.leg.to': plan.name });
    const { language, customApplicationVars, customSipHeaders, customChannelVars, variables } = parent.memory;
    this.memory = {
      language,
      customApplicationVars: new Map(customApplicationVars),
      customSipHeaders: new Map(customSipHeaders),
      customChannelVars: new Map(customChannelVars),
      collections: new Map(),
      sensitiveCollections: new Set(),
      variables: new Map(variables),
      recording: undefined,
      callerId: OWN_CALLER_ID,
    };
    this.#sound = new LegSound({
      resources,
      remoteSdp: '',
      account: this.#parent.account,
      span: this.span,
      digits: this.digits,
      signal: this.signal,
      onUnavailable: async (reason) => {
        this.#fail(failureOfFault(reason, 'NETWORK_OUT_OF_ORDER'), 'media');
      },
      onLost: (cause) => this.#fail({ status: 'failed', cause }, 'media'),
    });
    this.#answered.promise.catch(() => {});
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get answered(): boolean {
    return this.#dialog !== undefined;
  }

  get plan(): LegPlan {
    return this.#options.plan;
  }

  /** Milliseconds from the answer to the end, or to now. */
  get answeredMs(): number {
    return this.#answeredAt === undefined ? 0 : (this.#endedAt ?? Date.now()) - this.#answeredAt;
  }
  #endedAt: number | undefined;

  facts(): CallFacts {
    const { plan } = this.#options;
    const { language, customApplicationVars, customSipHeaders, collections, variables, recording } = this.memory;
    const { account, callflow, number, request } = this.#parent;
    return {
      callId: this.callId,
      parentCallId: this.#parent.callId,
      account,
      callflow,
      number,
      direction: 'outbound',
      status: this.#status,
      from: { user: plan.callerIdNumber, ...(request.host === undefined ? {} : { host: request.host }) },
      to: plan.to,
      request: plan.to,
      callerIdName: plan.callerIdName,
      callerIdNumber: plan.callerIdNumber,
      userIds: [],
      language,
      customApplicationVars: Object.fromEntries(customApplicationVars),
      customSipHeaders: Object.fromEntries(customSipHeaders),
      collections: Object.fromEntries(collections),
      variables: Object.fromEntries(variables),
      ...(recording === undefined ? {} : { recording }),
    };
  }

  /** Calls, way after way, until it is answered (undefined), refused, or `cancel` or `hangup` ends it. Never rejects. */
  async ring(): Promise<LegFailure | undefined> {
    try {
      this.#events.tell('initiated', this.facts(), 'initiated', this.#options.parent.span);
      const endpoint = await this.#sound.endpoint();
      const tried = await this.#tryAll(endpoint);
      if (tried.kind === 'failed') this.#fail(tried.failure, 'callee');
      else await this.#accept(tried.dialog, endpoint);
    } catch (error) {
      if (!this.signal.aborted)
        this.#fail(failureOfFault(faultOf(error, dialCodes.notPlaced), 'NORMAL_TEMPORARY_FAILURE'), 'worker');
    }
    if (!this.signal.aborted) return undefined;
    // One who answers and hangs up at once has answered.
    const { side } = this.signal.reason as CallEnd;
    return this.answered && side === 'callee' ? undefined : this.#failure;
  }

  async #tryAll(endpoint: MediaEndpoint): Promise<Tried> {
    const { ways } = this.plan;
    let tried: Tried | undefined;
    for (const [index, way] of ways.entries()) {
      const found = way.route === undefined ? await this.#routesOf(way) : [way.route];
      if ('code' in found) {
        tried = { kind: 'failed', failure: failureOfFault(found, 'NO_ROUTE_DESTINATION'), next: true };
        if (index < ways.length - 1) this.span.warn(found);
        continue;
      }
      for (const [at, route] of found.entries()) {
        const last = index === ways.length - 1 && at === found.length - 1;
        tried = await this.#try(way, route, last, endpoint);
        if (tried.kind === 'answered' || !tried.next) return tried;
        if (!last) this.span.warn(nextTried(way, tried.failure));
      }
    }
    return tried ?? { kind: 'failed', failure: NOBODY_ANSWERED, next: false };
  }

  async #routesOf(way: Way): Promise<readonly string[] | Fault> {
    const found = await unlessAborted(this.#options.places.find(way.host), this.signal);
    return found.ok ? found.places.map(routeOf) : found.fault;
  }

  /** One INVITE, to its final response. */
  async #try(way: Way, route: string, last: boolean, endpoint: MediaEndpoint): Promise<Tried> {
    const { trunks, signalling } = this.#options;
    const { trunk } = way;
    const place = trunk === undefined ? undefined : trunks.take(trunk.key, trunk.maxCalls);
    if (trunk !== undefined && place === undefined) {
      const full = fault(dialCodes.trunkFull, `${trunk.key} has ${trunk.maxCalls} calls, as many as it may have`);
      return { kind: 'failed', failure: failureOfFault(full, 'NORMAL_CIRCUIT_CONGESTION'), next: true };
    }
    const span = this.span.child(
      'INVITE',
      {
        'pivot.leg.route': route,
        ...(trunk === undefined ? {} : { 'pivot.trunk': trunk.key }),
      },
      'client',
    );
    const late = new AbortController();
    const { failoverMs } = way;
    const failover = last || failoverMs === undefined ? undefined : setTimeout(() => late.abort(), failoverMs);
    const invitation = invite(signalling, {
      uri: way.uri,
      proxy: route,
      headers: { ...way.headers, To: `<${way.uri}>`, 'Call-ID': this.callId },
      localSdp: onlyAudio(endpoint.localSdp),
      auth: way.auth,
      onProvisional: (reply) => {
        clearTimeout(failover);
        if (!this.signal.aborted && !late.signal.aborted) this.#heard(reply, endpoint);
      },
    });
    const wanted = Promise.withResolvers<boolean>();
    this.#pending.set(invitation, this.#settle(invitation, wanted.promise, place));
    try {
      const result = await unlessAborted(invitation.final, AbortSignal.any([this.signal, late.signal]));
      wanted.resolve(true);
      span.set(resultAttributes(result));
      if (result.kind === 'answered') {
        this.#place = place;
        return result;
      }
      const failure = this.#failureOf(result);
      if (failure.fault !== undefined) span.fail(failure.fault);
      else if (failure.status === 'failed' && failure.sipStatus !== undefined) span.refused(failure.sipStatus);
      return { kind: 'failed', failure, next: result.kind === 'not sent' || isServersFault(result.status, this.#rang) };
    } catch (error) {
      wanted.resolve(false);
      invitation.cancel();
      span.set({ 'pivot.leg.canceled': true });
      if (this.signal.aborted) throw error;
      return {
        kind: 'failed',
        failure: { status: 'failed', cause: 'RECOVERY_ON_TIMER_EXPIRE', sipStatus: 408 },
        next: true,
      };
    } finally {
      clearTimeout(failover);
      span.end();
    }
  }

  /** Whatever becomes of an INVITE, also when nobody waits any more: an answer that nobody wants is hung up, the trunk's place is given back. */
  async #settle(
    invitation: Invitation,
    wanted: Promise<boolean>,
    place: { release(): void } | undefined,
  ): Promise<void> {
    const [result, isWanted] = await Promise.all([invitation.final, wanted]);
    this.#pending.delete(invitation);
    if (result.kind === 'answered' && isWanted) return;
    place?.release();
    if (result.kind === 'answered') hangUp(result.dialog, 'ORIGINATOR_CANCEL');
  }

  #failureOf(result: Exclude<InviteResult, { kind: 'answered' }>): LegFailure {
    if (result.kind === 'refused') return failureOfResponse(result.status, result.reason, this.#rang);
    return failureOfFault(fault(dialCodes.notPlaced, result.message), 'NETWORK_OUT_OF_ORDER');
  }

  /** A provisional response. */
  #heard(reply: SipReply, endpoint: MediaEndpoint): void {
    if (!this.#rang) {
      this.#rang = true;
      this.span.event('pivot.leg.ringing', { 'pivot.sip.status': reply.status });
      this.#events.tell('ringing', this.facts(), 'ringing', this.#options.parent.span);
    }
    if (reply.body === '') return;
    this.#describe(reply.body, endpoint).then(
      () => {
        if (!this.signal.aborted && !this.answered) this.#options.onEarlyMedia(this);
      },
      // The answer will say the same, or better.
      () => {},
    );
  }

  /** Gives FreeSWITCH the far end's session description, unless it has it already. */
  #describe(sdp: string, endpoint: MediaEndpoint): Promise<unknown> {
    if (sdp !== this.#described) {
      this.#described = sdp;
      this.#describing = this.#describing.catch(() => {}).then(() => endpoint.modify(sdp));
      this.#describing.catch(() => {});
    }
    return this.#describing;
  }

  async #accept(dialog: SipDialog, endpoint: MediaEndpoint): Promise<void> {
    this.#dialog = dialog;
    this.#answeredAt = Date.now();
    this.#status = 'in-progress';
    if (this.signal.aborted) {
      hangUp(dialog, 'ORIGINATOR_CANCEL');
      return;
    }
    attendDialog(dialog, endpoint, {
      digits: this.digits,
      span: this.span,
      signal: this.signal,
      onBye: (cause) => this.#end({ side: 'callee', cause }, 'completed'),
    });
    this.signal.throwIfAborted();
    this.span.event('pivot.leg.answered');
    this.#events.tell('answered', this.facts(), 'in-progress', this.#options.parent.span);
    try {
      await unlessAborted(this.#describe(dialog.remote.sdp, endpoint), this.signal);
    } catch (error) {
      this.signal.throwIfAborted();
      const reason = fault(dialCodes.answerUnusable, error instanceof Error ? error.message : String(error));
      this.#fail(failureOfFault(reason, 'INCOMPATIBLE_DESTINATION'), 'media');
      return;
    }
    this.#answered.resolve();
  }

  /** It is not to be rung any more, or was not taken; does nothing once it is over. */
  cancel(failure: LegFailure): void {
    this.#fail(failure, 'worker');
  }

  untilAnswered(): Promise<void> {
    return unlessAborted(this.#answered.promise, this.signal);
  }

  answer(): Promise<void> {
    return this.untilAnswered();
  }

  play(sound: Parameters<Call['play']>[0], options: PlayOptions): Promise<PlayOutcome> {
    return this.#sound.play(sound, options, () => this.untilAnswered());
  }

  async record(options: RecordOptions): Promise<RecordOutcome> {
    await this.untilAnswered();
    return this.#sound.record(options);
  }

  async recordBeside(options: { path: string; channels: 1 | 2; maxSeconds: number }): Promise<BackgroundRecording> {
    await this.untilAnswered();
    return this.#sound.recordBeside(options);
  }

  async media(): Promise<LegMedia> {
    await this.untilAnswered();
    return this.#sound.endpoint();
  }

  earlyMedia(): Promise<LegMedia> {
    return this.#sound.endpoint();
  }

  async sendDigits(digits: string, durationMs = DIGIT_MS): Promise<void> {
    await this.untilAnswered();
    await this.#sound.sendDigits(digits, durationMs);
  }

  async refer(uri: string, limitMs: number): Promise<Referred> {
    await this.answer();
    // Answered legs have one.
    return refer(this.#dialog!, uri, limitMs, this.signal);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return pause(ms, signal === undefined ? this.signal : AbortSignal.any([this.signal, signal]));
  }

  async hangup({ cause = 'NORMAL_CLEARING' }: { cause?: string } = {}): Promise<void> {
    if (this.answered) this.#end({ side: 'worker', cause }, 'completed');
    else this.#fail(CANCELED, 'worker');
  }

  /** The connection to drachtio-server is gone: nothing can be said to the far end any more. */
  lost(): void {
    for (const invitation of this.#pending.keys()) invitation.forget();
    this.#fail({ status: 'failed', cause: 'NETWORK_OUT_OF_ORDER' }, 'media');
  }

  #fail(failure: LegFailure, side: CallEnd['side']): void {
    if (this.signal.aborted) return;
    this.#failure = { ...failure, callId: this.callId };
    if (failure.fault !== undefined) this.span.fail(failure.fault);
    const { cause, sipStatus } = failure;
    this.#end({ side, cause, ...(sipStatus === undefined ? {} : { sipStatus }) }, failure.status);
  }

  /** Everything that can end a leg comes through here, once. */
  #end(end: CallEnd, status: CallStatus): void {
    if (this.signal.aborted) return;
    this.#status = status;
    this.#endedAt = Date.now();
    if (this.#dialog !== undefined) {
      this.#place?.release();
      if (end.side !== 'callee') hangUp(this.#dialog, end.cause);
    }
    this.span.set({
      'pivot.leg.status': status,
      'pivot.end.side': end.side,
      'pivot.end.cause': end.cause,
      ...(end.sipStatus === undefined ? {} : { 'pivot.sip.status': end.sipStatus }),
    });
    const seconds = String(Math.round(this.answeredMs / 1000));
    this.#events.tell('completed', this.facts(), status, this.#options.parent.span, [
      ['CallDuration', seconds],
      ['Duration', seconds],
      ...(end.sipStatus === undefined ? [] : [['SipResponseCode', String(end.sipStatus)] as const]),
    ]);
    this.#over.abort(end);
    for (const invitation of this.#pending.keys()) invitation.cancel();
    this.span.end();
    this.#options.onOver(this.#record(end));
  }

  #record({ cause, sipStatus }: CallEnd): CdrRecord {
    const { callId, account, from, to, request, callerIdName, callerIdNumber, ...facts } = this.facts();
    return {
      leg: 'b',
      callId,
      account,
      direction: 'outbound',
      from,
      to,
      request,
      callerIdName,
      callerIdNumber,
      otherLeg: {
        callId: this.#parent.callId,
        callerIdName: this.#parent.callerIdName,
        callerIdNumber: this.#parent.callerIdNumber,
        destinationNumber: this.#parent.number,
        direction: this.#parent.direction,
      },
      createdAt: this.#createdAt,
      ...(this.#answeredAt === undefined ? {} : { answeredAt: this.#answeredAt }),
      endedAt: this.#endedAt ?? Date.now(),
      hangupCause: cause,
      ...(sipStatus === undefined ? {} : { sipStatus }),
      recordings: [],
      customApplicationVars: facts.customApplicationVars,
      customSipHeaders: facts.customSipHeaders,
    };
  }

  /** Resolves when nothing of the leg is left: no INVITE under way, no endpoint. To be called when it is over. */
  async release(): Promise<void> {
    await Promise.all(this.#pending.values());
    await this.#sound.release();
  }
}

/** Answers after which another server is tried: it is the server that fails, not the called side that says no. */
function isServersFault(status: number, rang: boolean): boolean {
  return (status >= 500 && status <= 599) || (status === 408 && !rang);
}

function nextTried({ trunk, host }: Way, { sipStatus, fault: reason, cause }: LegFailure): Fault {
  const what = reason?.message ?? (sipStatus === undefined ? cause : `SIP ${sipStatus}`);
  const where = trunk === undefined ? host.host : `${host.host} of ${trunk.key}`;
  return fault(dialCodes.refused, `${where}: ${what}`);
}

function resultAttributes(result: InviteResult): Readonly<Record<string, number>> {
  return result.kind === 'refused'
    ? { 'pivot.sip.status': result.status }
    : result.kind === 'answered'
      ? { 'pivot.sip.status': 200 }
      : {};
}

function hangUp(dialog: SipDialog, cause: string): void {
  if (!dialog.connected) return;
  // Whether the far end has confirmed the BYE, refused it or gone away: the dialog is over.
  dialog.destroy({ headers: { Reason: reasonHeader(cause) } }, () => dialog.removeAllListeners());
}
