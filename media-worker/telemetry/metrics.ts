import type { Meter } from '@opentelemetry/api';
import { counter, histogram, observed } from '../../runtime/metrics/instruments.ts';
import { WORKER_METRICS } from '../../runtime/metrics/worker-metrics.ts';

/**
 * How a call went, for metrics and the root span. `refused`: not admitted (limit, draining, no table, unreadable); `rejected`: admitted,
 * and its callflow ended it before an answer.
 */
export const CALL_RESULTS = ['completed', 'rejected', 'refused', 'no-route', 'canceled', 'failed'] as const;
export type CallResult = (typeof CALL_RESULTS)[number];

/** What is counted as it happens. Times are milliseconds; metrics have them in seconds. */
export interface CallMetrics {
  /** A call was not taken. */
  callRefused(result: CallResult): void;
  /** An INVITE was let in (by who it is of), asked who it is, or refused. */
  admission(result: string): void;
  /** What became of a REGISTER. */
  registration(result: string): void;
  /** A call is over. `setupMs`: from INVITE to 200 OK, undefined when it was not answered. */
  callOver(result: CallResult, ms: number, setupMs: number | undefined): void;
  /** A leg that was dialled is over. */
  legOver(answered: boolean, cause: string): void;
  /** `code` of what made it fail. */
  exchangeOver(ms: number, code: string | undefined): void;
  /** The name is one of the verbs that run, the outcome one of a few words. */
  verbRan(verb: string, outcome: string): void;
  actionRan(module: string, outcome: string): void;
  soundPrepared(kind: string, result: 'made' | 'cached' | 'failed', ms: number): void;
}

/** What is read at each scrape. */
export interface WorkerState {
  readonly activeCalls: number;
  readonly callLimit: number;
  readonly registrations: number;
  readonly activeLegs: number;
  readonly numbers: number;
  readonly ready: boolean;
  readonly drachtio: boolean;
  readonly freeswitch: boolean;
  readonly conferences: number;
  readonly queuedCallers: number;
  readonly background: number;
  readonly outgoing: { readonly busy: number; readonly waiting: number; readonly idle: number };
  readonly soundJobs: { readonly running: number; readonly waiting: number };
}

export function createCallMetrics(meter: Meter): CallMetrics {
  const calls = counter(meter, WORKER_METRICS.calls);
  // There from the start, so that Prometheus sees the first one as an increase.
  for (const result of CALL_RESULTS) calls(0, { result });
  const admissions = counter(meter, WORKER_METRICS.admissions);
  const registrations = counter(meter, WORKER_METRICS.registrations);
  const setup = histogram(meter, WORKER_METRICS.setup);
  const duration = histogram(meter, WORKER_METRICS.callDuration);
  const legs = counter(meter, WORKER_METRICS.legs);
  const exchanges = histogram(meter, WORKER_METRICS.exchanges);
  const verbs = counter(meter, WORKER_METRICS.verbs);
  const actions = counter(meter, WORKER_METRICS.actions);
  const sounds = histogram(meter, WORKER_METRICS.sounds);
  return {
    callRefused: (result) => calls(1, { result }),
    admission: (result) => admissions(1, { result }),
    registration: (result) => registrations(1, { result }),
    callOver(result, ms, setupMs) {
      calls(1, { result });
      duration(ms / 1000, { result });
      if (setupMs !== undefined) setup(setupMs / 1000);
    },
    legOver: (answered, cause) => legs(1, { answered: String(answered), cause }),
    exchangeOver: (ms, code) => exchanges(ms / 1000, { result: code ?? 'ok' }),
    verbRan: (verb, outcome) => verbs(1, { verb, outcome }),
    actionRan: (module, outcome) => actions(1, { module, outcome }),
    soundPrepared: (kind, result, ms) => sounds(ms / 1000, { kind, result }),
  };
}

/** Counts nothing, for what runs outside a worker. */
export const NO_METRICS: CallMetrics = {
  callRefused: () => {},
  admission: () => {},
  registration: () => {},
  callOver: () => {},
  legOver: () => {},
  exchangeOver: () => {},
  verbRan: () => {},
  actionRan: () => {},
  soundPrepared: () => {},
};

/** Shows what a worker is doing. */
export function observeWorker(meter: Meter, state: () => WorkerState): void {
  observed(meter, WORKER_METRICS.activeCalls, (observe) => observe(state().activeCalls));
  observed(meter, WORKER_METRICS.callLimit, (observe) => observe(state().callLimit));
  observed(meter, WORKER_METRICS.activeRegistrations, (observe) => observe(state().registrations));
  observed(meter, WORKER_METRICS.activeLegs, (observe) => observe(state().activeLegs));
  observed(meter, WORKER_METRICS.numbers, (observe) => observe(state().numbers));
  observed(meter, WORKER_METRICS.ready, (observe) => observe(state().ready ? 1 : 0));
  observed(meter, WORKER_METRICS.connected, (observe) => {
    const { drachtio, freeswitch } = state();
    observe(drachtio ? 1 : 0, { server: 'drachtio' });
    observe(freeswitch ? 1 : 0, { server: 'freeswitch' });
  });
  observed(meter, WORKER_METRICS.conferences, (observe) => observe(state().conferences));
  observed(meter, WORKER_METRICS.queuedCallers, (observe) => observe(state().queuedCallers));
  observed(meter, WORKER_METRICS.background, (observe) => observe(state().background));
  observed(meter, WORKER_METRICS.outgoing, (observe) => {
    const { busy, waiting } = state().outgoing;
    observe(busy, { state: 'busy' });
    observe(waiting, { state: 'waiting' });
  });
  observed(meter, WORKER_METRICS.idleConnections, (observe) => observe(state().outgoing.idle));
  observed(meter, WORKER_METRICS.soundJobs, (observe) => {
    const { running, waiting } = state().soundJobs;
    observe(running, { state: 'running' });
    observe(waiting, { state: 'waiting' });
  });
}
