import type { Tracer } from '@opentelemetry/api';
import { admissionCodes } from '../../crds/errors/admission.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { routingCodes } from '../../crds/errors/routing.ts';
import type { Logger } from '../../runtime/log.ts';
import { ROOT_SPAN } from '../../runtime/span-names.ts';
import type { Admission, Caller } from '../admission/admission.ts';
import { createUnanswered, type Unanswered } from '../admission/unanswered.ts';
import { runCallflow } from '../callflow/engine.ts';
import type { FlowServices } from '../callflow/services.ts';
import type { TrunkCalls } from '../dial/trunks.ts';
import type { Dialled, Routed, Router } from '../routing/router.ts';
import { REASON_PHRASES } from '../sip/causes.ts';
import { quotedText } from '../sip/header-text.ts';
import { type Invite, LONGEST_CALL_ID, readInvite } from '../sip/invite.ts';
import { RETRY_AFTER } from '../sip/signalling.ts';
import type { SignallingClient, SipHeaders, SipRequest, SipResponse } from '../sip/srf.ts';
import type { CallMetrics, CallResult } from '../telemetry/metrics.ts';
import { CallSpan, type RootOptions, type SpanAttributes } from '../telemetry/span.ts';
import { JoinedTraces, readTraceparent } from '../telemetry/traceparent.ts';
import { ALeg } from './a-leg.ts';
import type { CallEnd } from './call.ts';
import type { CallStatus } from './facts.ts';
import type { CallResources } from './resources.ts';

export interface CallHandlerOptions {
  readonly signalling: SignallingClient;
  readonly resources: CallResources;
  /** The routing table in force; undefined before the first one. */
  readonly router: () => Router | undefined;
  /** Whose calls are taken. */
  readonly admit: (request: SipRequest, invite: Invite, router: Router) => Admission;
  /** Calls of each trunk, those that came in by it too. */
  readonly trunkCalls: TrunkCalls;
  readonly tracer: Tracer;
  readonly log: Logger;
  readonly metrics: () => CallMetrics;
  /** Calls at once, asked at each INVITE; further ones get 503. */
  readonly maxCalls: () => number;
  /** The number of calls, or whether more are taken, is another. */
  readonly onChange?: () => void;
  /** Language of calls until an action says otherwise. */
  readonly language: string;
  /** The services of one call; `end` is called when the call is over. */
  readonly services: (call: ALeg, router: Router) => { services: FlowServices; end: (end: CallEnd) => Promise<void> };
  /** Where a call's debug log can be read, told to callers in `Call-Info`; only for one's own machine. */
  readonly debugUrl?: (account: string, callId: string) => string;
}

/** A call that ended while ringing or in progress was cut off, which is a failure. */
const RESULTS: Readonly<Record<CallStatus, CallResult>> = {
  ringing: 'failed',
  'in-progress': 'failed',
  completed: 'completed',
  busy: 'rejected',
  'no-answer': 'rejected',
  failed: 'failed',
  canceled: 'canceled',
};

/** A call that is let in, and where it goes. */
interface Taken {
  readonly request: SipRequest;
  readonly response: SipResponse;
  readonly invite: Invite;
  readonly caller: Caller;
  readonly userIds: readonly string[];
  readonly router: Router;
  readonly routed: Routed;
  /** Its place among the calls of a trunk, to be given back. */
  readonly place?: { release(): void };
}

/**
 * The life of every call: admitted or refused, routed, run, ended, freed. Nothing of a call is left when its promise is settled.
 */
export class CallHandler {
  readonly #options: CallHandlerOptions;
  readonly #calls = new Map<ALeg, Promise<void>>();
  readonly #unanswered: Unanswered = createUnanswered();
  readonly #joined = new JoinedTraces();
  #draining = false;

  constructor(options: CallHandlerOptions) {
    this.#options = options;
  }

  get activeCalls(): number {
    return this.#calls.size;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Takes an INVITE. Never throws: whatever is wrong is answered. */
  handle(request: SipRequest, response: SipResponse): void {
    const read = readInvite(request);
    if (!read.ok) {
      this.#unreadable(request, response, fault(routingCodes.badInvite, read.reason));
      return;
    }
    const router = this.#options.router();
    const refusal = this.#refusal(router);
    if (refusal !== undefined || router === undefined) {
      const span = this.#root(read.invite, router);
      const reason = refusal ?? fault(routingCodes.noTable, 'There is no routing table yet');
      this.#refuse(response, span, reason, 503, { ...this.#about(read.invite, router, span), ...RETRY_AFTER });
      return;
    }
    const admission = this.#options.admit(request, read.invite, router);
    switch (admission.kind) {
      case 'challenge':
        this.#challenge(response, read.invite, router, admission);
        return;
      case 'refused':
        this.#turnAway(response, read.invite, router, admission);
        return;
      case 'admitted':
        this.#unanswered.answered(read.invite.callId);
        this.#take(request, response, router, admission);
    }
  }

  #take(
    request: SipRequest,
    response: SipResponse,
    router: Router,
    { invite, account, caller, userIds }: Extract<Admission, { kind: 'admitted' }>,
  ): void {
    const dialled = { ...dialledOf(invite), ...(account === undefined ? {} : { account }) };
    const span = this.#root(invite, router, account, this.#origin(invite, caller));
    span.set(callerAttributes(caller));
    const headers = this.#about(invite, router, span, account);
    const route = this.#route(router, dialled, span);
    if (!route.ok) {
      this.#refuse(response, span, route.fault, 404, headers);
      return;
    }
    const place = caller.kind === 'trunk' ? this.#options.trunkCalls.take(caller.trunk, caller.maxCalls) : undefined;
    if (caller.kind === 'trunk' && place === undefined) {
      const message = `${caller.trunk} has ${caller.maxCalls} calls, as many as it may have`;
      this.#refuse(response, span, fault(admissionCodes.trunkFull, message), 503, { ...headers, ...RETRY_AFTER });
      return;
    }
    const { routed } = route;
    this.#start(
      {
        request,
        response,
        invite,
        caller,
        // Names of users mean something in their own account alone.
        userIds: routed.account === account ? userIds : [],
        router,
        routed,
        ...(place === undefined ? {} : { place }),
      },
      span,
      headers,
    );
  }

  /**
   * What the call's trace continues: a `traceparent` from a server that is known by its address, or from anybody where anybody may call. A telephone
   * has no say in where traces belong.
   */
  #origin({ traceparent }: Invite, caller: Caller): RootOptions {
    const given = caller.kind === 'device' ? undefined : readTraceparent(traceparent);
    if (given === undefined) return {};
    return this.#joined.join(given.traceId) ? { parent: given } : { link: given };
  }

  #root(invite: Invite, router: Router | undefined, known?: string, options: RootOptions = {}): CallSpan {
    const account = known ?? router?.accountOf(dialledOf(invite));
    return CallSpan.root(
      this.#options.tracer,
      ROOT_SPAN,
      {
        'pivot.call.id': invite.callId,
        'pivot.from': invite.callerIdNumber,
        'pivot.to': invite.request.user ?? '',
        'network.transport': invite.transport,
        // Until the route says otherwise, so that a refused call too is found in the debug log of its account.
        ...(account === undefined ? {} : { 'pivot.account': account }),
      },
      options,
    );
  }

  /** Headers of every response. */
  #about(invite: Invite, router: Router | undefined, span: CallSpan, known?: string): SipHeaders {
    const account = known ?? router?.accountOf(dialledOf(invite));
    return { 'X-Pivot-Trace': span.traceId, ...this.#debugInfo(account, invite.callId) };
  }

  /** Asks who calls. That is no news where an answer follows, as it does from any telephone. */
  #challenge(
    response: SipResponse,
    invite: Invite,
    router: Router,
    { headers, refusal }: Extract<Admission, { kind: 'challenge' }>,
  ): void {
    const at = Date.now();
    const { callId, sourceAddress } = invite;
    if (refusal !== undefined) {
      this.#unanswered.answered(callId);
      const span = this.#root(invite, router);
      span.set({ 'network.peer.address': sourceAddress });
      this.#refuse(response, span, refusal.fault, refusal.status, { ...this.#about(invite, router, span), ...headers });
      return;
    }
    response.send(401, REASON_PHRASES[401], { headers });
    this.#unanswered.add(callId, () => {
      const called = invite.request.user ?? '';
      const span = this.#root(invite, router, undefined, { startedAt: at });
      span.set({ 'network.peer.address': sourceAddress });
      const message = `${sourceAddress} called ${JSON.stringify(called)} and did not prove who it is`;
      this.#refused(span, fault(admissionCodes.notAuthenticated, message), 401);
    });
  }

  #turnAway(
    response: SipResponse,
    invite: Invite,
    router: Router,
    { fault: reason, status, retryAfterSeconds, quiet }: Extract<Admission, { kind: 'refused' }>,
  ): void {
    this.#unanswered.answered(invite.callId);
    const retry: SipHeaders = retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
    if (quiet) {
      response.send(status, REASON_PHRASES[status], { headers: retry });
      this.#options.metrics().callRefused('refused');
      return;
    }
    const span = this.#root(invite, router);
    span.set({ 'network.peer.address': invite.sourceAddress });
    // What was wrong is for the trace: a stranger learns nothing but that it was.
    response.send(status, REASON_PHRASES[status], { headers: retry });
    this.#refused(span, reason, status);
  }

  /** An INVITE of which too little can be read. */
  #unreadable(request: SipRequest, response: SipResponse, reason: Fault): void {
    const { tracer, log, metrics } = this.#options;
    const span = CallSpan.root(tracer, ROOT_SPAN, {
      'pivot.call.id': String(request.get('Call-ID') ?? '').slice(0, LONGEST_CALL_ID),
      'network.transport': request.protocol,
      'network.peer.address': request.source_address,
    });
    response.send(400, reason.message, { headers: { 'X-Pivot-Trace': span.traceId } });
    span.fail(reason);
    span.set({ 'pivot.result': 'refused', 'pivot.sip.status': 400 });
    span.end();
    metrics().callRefused('refused');
    log.warn({ code: reason.code, ...span.logFields, source: request.source_address }, reason.message);
  }

  /** Where the call's debug log is, for whoever called (RFC 3261 section 20.9). */
  #debugInfo(account: string | undefined, callId: string): SipHeaders {
    const { debugUrl } = this.#options;
    return debugUrl === undefined || account === undefined
      ? {}
      : { 'Call-Info': `<${debugUrl(account, callId)}>;purpose=debug` };
  }

  #refusal(router: Router | undefined): Fault | undefined {
    if (this.#draining) return fault(routingCodes.draining, 'The worker is stopping');
    if (router === undefined) return fault(routingCodes.noTable, 'There is no routing table yet');
    const maxCalls = this.#options.maxCalls();
    if (this.#calls.size < maxCalls) return undefined;
    return fault(routingCodes.tooManyCalls, `${maxCalls} calls are in progress, which is the limit`);
  }

  #route(router: Router, dialled: Dialled, span: CallSpan): { ok: true; routed: Routed } | { ok: false; fault: Fault } {
    const routing = span.child('route', { 'pivot.table.version': router.version });
    try {
      const result = router.resolve(dialled);
      if (!result.ok) {
        const reason = fault(
          routingCodes.noRoute,
          `No callflow of account "${result.account}" answers "${result.number}"`,
        );
        span.set({ 'pivot.account': result.account, 'pivot.number': result.number });
        routing.set({ 'pivot.account': result.account, 'pivot.number': result.number });
        routing.fail(reason, true);
        return { ok: false, fault: reason };
      }
      const { callflow, account, number, by } = result.routed;
      const found = {
        'pivot.account': account,
        'pivot.callflow': callflow.key,
        'pivot.callflow.generation': callflow.generation,
        'pivot.number': number,
        'pivot.route.by': by,
      };
      routing.set(found);
      span.set(found);
      return { ok: true, routed: result.routed };
    } finally {
      routing.end();
    }
  }

  #refuse(response: SipResponse, span: CallSpan, reason: Fault, status: number, headers: SipHeaders): void {
    response.send(status, REASON_PHRASES[status] ?? '', {
      headers: { ...headers, Warning: `399 pivot ${quotedText(`${reason.code} ${reason.message}`)}` },
    });
    this.#refused(span, reason, status);
  }

  #refused(span: CallSpan, reason: Fault, status: number): void {
    const { log, metrics } = this.#options;
    const result: CallResult = status === 404 ? 'no-route' : 'refused';
    span.fail(reason);
    span.set({ 'pivot.result': result, 'pivot.sip.status': status });
    span.end();
    metrics().callRefused(result);
    log.info({ code: reason.code, ...span.logFields, status }, reason.message);
  }

  #start(taken: Taken, span: CallSpan, headers: SipHeaders): void {
    const { request, response, invite, routed, caller, userIds } = taken;
    const { signalling, resources, language, log } = this.#options;
    const { account, callflow, number } = routed;
    // Ended at once, so that a call can be found while it is still up: spans are exported when they end.
    span
      .child('call.received', {
        'pivot.call.id': invite.callId,
        'pivot.account': account,
        'pivot.callflow': callflow.key,
        'pivot.number': number,
        'pivot.from': invite.callerIdNumber,
      })
      .end();
    const call = new ALeg({
      request,
      response,
      invite,
      signalling,
      resources,
      span,
      account,
      callflow: callflow.key,
      number,
      language,
      ...(caller.kind === 'device' ? { device: caller.device } : {}),
      userIds,
      headers: { ...headers, ...this.#debugInfo(account, invite.callId) },
    });
    const done = this.#run(call, taken)
      .catch((error: unknown) => log.error({ err: error, ...span.logFields }, 'a call was not brought to its end'))
      .finally(() => {
        this.#calls.delete(call);
        this.#options.onChange?.();
      });
    this.#calls.set(call, done);
    this.#options.onChange?.();
  }

  async #run(call: ALeg, { router, routed, place }: Taken): Promise<void> {
    const limit = this.#limit(call, router.table.fleet?.callSeconds);
    try {
      const { services, end } = this.#options.services(call, router);
      call.ring();
      await runCallflow(routed.callflow.flow, {
        call,
        services,
        state: { captureGroup: routed.captureGroup, namedGroups: routed.namedGroups },
      });
      const ended = call.signal.reason as CallEnd;
      this.#report(call, ended);
      await end(ended);
    } finally {
      clearTimeout(limit);
      await call.hangup({ cause: 'NORMAL_TEMPORARY_FAILURE' });
      await call.release();
      place?.release();
      call.span.end();
    }
  }

  /** Ends a call that lasts longer than the fleet lets calls last. */
  #limit(call: ALeg, seconds: number | undefined): NodeJS.Timeout | undefined {
    if (seconds === undefined) return undefined;
    return setTimeout(() => {
      call.span.fail(
        fault(routingCodes.callTooLong, `The call lasted ${seconds} s, as long as the fleet lets calls last`),
      );
      void call.hangup({ cause: 'ALLOTTED_TIMEOUT' });
    }, seconds * 1000);
  }

  #report(call: ALeg, end: CallEnd): void {
    const { metrics, log } = this.#options;
    const { status, account, callflow } = call.facts();
    const result = RESULTS[status];
    call.span.set({
      'pivot.result': result,
      'pivot.call.status': status,
      'pivot.end.side': end.side,
      'pivot.end.cause': end.cause,
      ...(end.sipStatus === undefined ? {} : { 'pivot.sip.status': end.sipStatus }),
    });
    const { createdAt, answeredAt } = call;
    metrics().callOver(result, Date.now() - createdAt, answeredAt === undefined ? undefined : answeredAt - createdAt);
    log.info({ ...call.span.logFields, account, callflow, side: end.side, cause: end.cause, status }, 'call ended');
  }

  /** New calls are refused from now on; resolves when the last call is over, or after `limitMs`, when the rest is hung up. */
  async drain(limitMs: number): Promise<void> {
    this.#draining = true;
    this.#unanswered.close();
    this.#options.onChange?.();
    const timer = setTimeout(() => this.hangUpAll('NORMAL_TEMPORARY_FAILURE'), limitMs);
    await Promise.allSettled([...this.#calls.values()]);
    clearTimeout(timer);
  }

  hangUpAll(cause: string): void {
    for (const call of this.#calls.keys()) void call.hangup({ cause });
  }

  /** The connection to drachtio-server broke: no call can go on. */
  signallingLost(): void {
    for (const call of this.#calls.keys()) call.lost();
  }
}

function callerAttributes(caller: Caller): SpanAttributes {
  return {
    'pivot.caller': caller.kind,
    ...(caller.kind === 'trunk' ? { 'pivot.trunk': caller.trunk } : {}),
    ...(caller.kind === 'device' ? { 'pivot.device': caller.device } : {}),
  };
}

function dialledOf({ request: { user = '', host } }: Invite): Dialled {
  return { number: user, ...(host === undefined ? {} : { host }) };
}
