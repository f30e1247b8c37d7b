import type { Meter } from '@opentelemetry/api';
import { observed } from '../../runtime/metrics/instruments.ts';
import { OPERATOR_METRICS } from '../../runtime/metrics/operator-metrics.ts';
import type { Distributor } from '../distributor/distributor.ts';
import { conditionsOf } from '../kube/conditions.ts';
import type { Operator } from './operator.ts';

/** Those of a callflow. */
const CONDITIONS: readonly string[] = ['Accepted', 'ResolvedRefs', 'Programmed', 'WebhookHealthy'];

/** The stream to the workers; means something on the leader only. */
export function observeDistributor(meter: Meter, distributor: Distributor): void {
  observed(meter, OPERATOR_METRICS.workers, (observe) => {
    const { workers } = distributor;
    const draining = workers.filter((one) => one.draining).length;
    const ready = workers.filter((one) => one.ready && !one.draining).length;
    observe(ready, { state: 'ready' });
    observe(draining, { state: 'draining' });
    observe(workers.length - ready - draining, { state: 'not_ready' });
  });
  observed(meter, OPERATOR_METRICS.workerCalls, (observe) =>
    observe(distributor.workers.reduce((sum, { activeCalls }) => sum + activeCalls, 0)),
  );
  observed(meter, OPERATOR_METRICS.workersBehind, (observe) => {
    const version = distributor.release?.table.version;
    observe(distributor.workers.filter((one) => one.version !== version).length);
  });
  observed(meter, OPERATOR_METRICS.rejectedCallflows, (observe) => observe(distributor.rejections.size));
  observed(meter, OPERATOR_METRICS.tableRefused, (observe) => observe(distributor.refusal === undefined ? 0 : 1));
  observed(meter, OPERATOR_METRICS.streamMessages, (observe) => {
    for (const [what, count] of Object.entries(distributor.figures)) observe(count, { what });
  });
}

/** Everything that the operator shows, read at each scrape. */
export function observeOperator(meter: Meter, operator: Operator): void {
  const kinds = () => Object.entries(operator.figures.reflectors);

  observed(meter, OPERATOR_METRICS.leader, (observe) => observe(operator.leads ? 1 : 0));
  observed(meter, OPERATOR_METRICS.synced, (observe) => observe(operator.synced ? 1 : 0));
  observed(meter, OPERATOR_METRICS.objects, (observe) => {
    for (const [resource, { objects }] of kinds()) observe(objects, { resource });
  });
  observed(meter, OPERATOR_METRICS.callflows, (observe) => {
    if (!operator.synced) return;
    const counts = new Map(CONDITIONS.map((type) => [type, 0]));
    for (const { status } of operator.callflows()) {
      for (const { type, status: value } of conditionsOf(status)) {
        const count = counts.get(type);
        if (count !== undefined && value === 'False') counts.set(type, count + 1);
      }
    }
    for (const [condition, count] of counts) observe(count, { condition });
  });
  observed(meter, OPERATOR_METRICS.routes, (observe) => {
    if (operator.synced) observe(operator.latest().table.routes.length);
  });
  observed(meter, OPERATOR_METRICS.compiles, (observe) => {
    const { compiles, failures } = operator.figures.compiler;
    observe(compiles, { result: 'ok' });
    observe(failures, { result: 'failed' });
  });
  observed(meter, OPERATOR_METRICS.compileTime, (observe) => observe(operator.figures.compiler.lastMs / 1000));
  observed(meter, OPERATOR_METRICS.relists, (observe) => {
    for (const [resource, { relists }] of kinds()) observe(relists, { resource });
  });
  observed(meter, OPERATOR_METRICS.watchFailures, (observe) => {
    for (const [resource, { failures }] of kinds()) observe(failures, { resource });
  });
  observed(meter, OPERATOR_METRICS.watchSilence, (observe) => {
    for (const [resource, { lastEventAgeMs }] of kinds()) {
      if (lastEventAgeMs !== undefined) observe(lastEventAgeMs / 1000, { resource });
    }
  });
  observed(meter, OPERATOR_METRICS.statuses, (observe) => {
    const { written, unchanged, dropped, failures } = operator.figures.reporter.statuses;
    for (const [outcome, count] of Object.entries({ written, unchanged, dropped, failures }))
      observe(count, { outcome });
  });
  observed(meter, OPERATOR_METRICS.statusesWaiting, (observe) => {
    const { waiting, delayed, processing } = operator.figures.reporter.statuses;
    observe(waiting + delayed + processing);
  });
  observed(meter, OPERATOR_METRICS.events, (observe) => {
    for (const [outcome, count] of Object.entries(operator.figures.reporter.events)) observe(count, { outcome });
  });
}
