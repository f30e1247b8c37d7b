import { performance } from 'node:perf_hooks';
import type { Logger } from '../../runtime/log.ts';
import { PRODUCT_VERSION } from '../../runtime/version.ts';
import type { ALeg } from '../call/a-leg.ts';
import type { CallEnd } from '../call/call.ts';
import { CookieJar } from '../outgoing/cookies.ts';
import type { Outgoing } from '../outgoing/types.ts';
import type { CallMetrics } from '../telemetry/metrics.ts';
import type { CallSpan } from '../telemetry/span.ts';
import { sendCdr } from '../webhook/cdr.ts';
import { type ExchangeOutcome, type ExchangeRequest, performExchange } from '../webhook/exchange.ts';
import { ExchangeLimiter } from '../webhook/limiter.ts';
import type { PivotSettings } from '../webhook/settings.ts';
import type { Background } from './background.ts';

/** A call's webhook exchanges, across all its pivot actions: one count, one set of limits and cookies. */
export interface PivotSession {
  /** Makes the next exchange. Rejects only when the call ends. */
  exchange(request: Omit<ExchangeRequest, 'facts' | 'signal'>, span: CallSpan): Promise<ExchangeOutcome>;
  /** The settings of a pivot action that has begun: where to send the CDR when the call is over. */
  begin(settings: PivotSettings): void;
  /** The call is over: CDRs go out. */
  end(end: CallEnd): void;
}

export interface PivotSessionOptions {
  readonly call: ALeg;
  readonly outgoing: Outgoing;
  readonly background: Background;
  readonly metrics: CallMetrics;
  readonly log: Logger;
}

export function createPivotSession(options: PivotSessionOptions): PivotSession {
  const { call, outgoing, background, metrics, log } = options;
  const limiter = new ExchangeLimiter(() => performance.now());
  const cookies = new CookieJar();
  /** By URL: a call that comes through the same pivot action twice sends one CDR. */
  const cdrTargets = new Map<string, PivotSettings>();

  return {
    async exchange(request, span) {
      const startedAt = performance.now();
      const outcome = await performExchange(
        { ...request, facts: call.facts(), signal: call.signal },
        { outgoing, span, limiter, cookies, version: PRODUCT_VERSION, now: Date.now, random: Math.random },
      );
      metrics.exchanges.record(performance.now() - startedAt, { result: outcome.ok ? 'ok' : outcome.fault.code });
      return outcome;
    },
    begin(settings) {
      if (settings.cdrUrl !== undefined) cdrTargets.set(settings.cdrUrl, settings);
    },
    end(end) {
      for (const [url, settings] of cdrTargets) {
        const record = {
          facts: call.facts(),
          leg: 'a' as const,
          end,
          startedAt: call.createdAt,
          endedAt: Date.now(),
          ...(call.answeredAt === undefined ? {} : { answeredAt: call.answeredAt }),
        };
        background.run(
          (signal) => sendCdr({ url, settings, record, signal }, { outgoing, span: call.span }),
          (error) => log.warn({ err: error, trace_id: call.span.traceId }, 'CDR callback failed'),
        );
      }
    },
  };
}
