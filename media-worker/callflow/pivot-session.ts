import { performance } from 'node:perf_hooks';
import type { Logger } from '../../runtime/log.ts';
import { DEBUG_ATTRIBUTE } from '../../runtime/span-names.ts';
import { PRODUCT_VERSION } from '../../runtime/version.ts';
import type { ALeg } from '../call/a-leg.ts';
import type { Call, CallEnd } from '../call/call.ts';
import { CookieJar } from '../outgoing/cookies.ts';
import type { Outgoing } from '../outgoing/types.ts';
import type { CallMetrics } from '../telemetry/metrics.ts';
import type { CallSpan } from '../telemetry/span.ts';
import { type CdrRecord, sendCdr } from '../webhook/cdr.ts';
import { type ExchangeOutcome, type ExchangeRequest, performExchange } from '../webhook/exchange.ts';
import type { HealthTally } from '../webhook/health-tally.ts';
import { inheritSettings } from '../webhook/inherit.ts';
import { ExchangeLimiter } from '../webhook/limiter.ts';
import type { PivotSettings } from '../webhook/settings.ts';
import type { Background } from './background.ts';

/** A call's webhook exchanges, across all its pivot actions: one count, one set of limits and cookies. */
export interface PivotSession {
  /** Makes the next exchange, about the call or about a leg that was called for it. Rejects only when that ends. */
  exchange(request: Omit<ExchangeRequest, 'facts' | 'signal'>, span: CallSpan, about?: Call): Promise<ExchangeOutcome>;
  /**
   * Tells a web server what a verb had to say when the call was over already, e.g. what was recorded until the caller hung up: once, in the
   * background, and the answer is not used (spec pivot-behaviour 5.9).
   */
  farewell(request: Omit<ExchangeRequest, 'facts' | 'signal'>, span: CallSpan): void;
  /** A pivot action has begun. Gives its settings back with what it keeps of earlier ones (see `inheritSettings`). */
  begin(settings: PivotSettings): PivotSettings;
  /** Whether the latest pivot action has `debug`: what the caller types may stand in the trace then (spec pivot-behaviour 7.6). */
  readonly debug: boolean;
  /** A leg that was called for the call is over: its CDRs go out. */
  legOver(record: CdrRecord): void;
  /** The call is over: CDRs go out. */
  end(end: CallEnd): void;
}

export interface PivotSessionOptions {
  readonly call: ALeg;
  readonly outgoing: Outgoing;
  readonly background: Background;
  readonly metrics: CallMetrics;
  /** Told of each exchange that is over. */
  readonly health: HealthTally;
  readonly log: Logger;
}

export function createPivotSession(options: PivotSessionOptions): PivotSession {
  const { call, outgoing, background, metrics, health, log } = options;
  const limiter = new ExchangeLimiter(() => performance.now());
  const cookies = new CookieJar();
  /** Bounded by the limits of exchanges and of actions. */
  const begun: PivotSettings[] = [];
  /** By URL: a call that comes through the same pivot action twice sends one CDR. */
  const cdrTargets = new Map<string, PivotSettings & { readonly cdrUrl: string }>();

  return {
    async exchange(request, span, about = call) {
      const startedAt = performance.now();
      const outcome = await performExchange(
        { ...request, facts: about.facts(), signal: about.signal },
        { outgoing, span, limiter, cookies, version: PRODUCT_VERSION, now: Date.now, random: Math.random },
      );
      metrics.exchangeOver(performance.now() - startedAt, outcome.ok ? undefined : outcome.fault.code);
      health.record(call.facts().callflow, call.span.traceId, outcome.ok ? undefined : outcome.fault);
      return outcome;
    },
    farewell(request, span) {
      const settings: PivotSettings = { ...request.settings, retries: { attempts: 0, on: [] } };
      background.run(
        async (signal) => {
          const told = { ...request, settings: withoutFallback(settings), facts: call.facts(), signal };
          await performExchange(told, {
            outgoing,
            span,
            limiter,
            cookies,
            version: PRODUCT_VERSION,
            now: Date.now,
            random: Math.random,
          });
        },
        (error) => log.warn({ err: error, ...call.span.logFields }, 'a last request was cut off'),
      );
    },
    begin(own) {
      const settings = inheritSettings(own, begun);
      begun.push(settings);
      if (settings.debug) call.span.set({ [DEBUG_ATTRIBUTE]: true });
      const { cdrUrl } = settings;
      if (cdrUrl !== undefined) cdrTargets.set(cdrUrl, { ...settings, cdrUrl });
      return settings;
    },
    get debug() {
      return begun.at(-1)?.debug ?? false;
    },
    legOver: sendCdrs,
    end: (end) => sendCdrs(cdrOf(call, end)),
  };

  function sendCdrs(record: CdrRecord): void {
    const warn = (error: unknown): void => log.warn({ err: error, ...call.span.logFields }, 'CDR callback failed');
    for (const settings of cdrTargets.values()) {
      const taken = background.run(async (signal) => {
        const deps = { outgoing, version: PRODUCT_VERSION, now: Date.now, random: Math.random };
        const sent = await sendCdr(record, settings, call.span, signal, deps);
        if (!sent.ok) log.warn({ code: sent.fault.code, ...call.span.logFields }, sent.fault.message);
      }, warn);
      if (!taken) warn(new Error('too many callbacks are under way'));
    }
  }
}

function withoutFallback({ fallbackUrl: _, ...settings }: PivotSettings): PivotSettings {
  return settings;
}

function cdrOf(call: ALeg, end: CallEnd): CdrRecord {
  const facts = call.facts();
  return {
    leg: 'a',
    callId: facts.callId,
    account: facts.account,
    direction: facts.direction,
    from: facts.from,
    to: facts.to,
    request: facts.request,
    callerIdName: facts.callerIdName,
    callerIdNumber: facts.callerIdNumber,
    createdAt: call.createdAt,
    ...(call.answeredAt === undefined ? {} : { answeredAt: call.answeredAt }),
    endedAt: Date.now(),
    hangupCause: end.cause,
    ...(end.sipStatus === undefined ? {} : { sipStatus: end.sipStatus }),
    recordings: facts.recording === undefined ? [] : [facts.recording.url],
    customApplicationVars: facts.customApplicationVars,
    customSipHeaders: facts.customSipHeaders,
  };
}
