import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import type { Condition } from '../kube/conditions.ts';
import { callflowStatus, eventOf, plainStatus } from './statuses.ts';

const OBJECT = {
  apiVersion: 'pivot.voice/v1alpha1',
  metadata: { name: 'a', namespace: 'acme', generation: 3 },
} as const;

function condition(type: string, status: Condition['status'], reason: string): Condition {
  return { type, status, reason, message: 'why', lastTransitionTime: '2026-01-01T00:00:00Z' };
}

test('a callflow that could not even be read is not accepted, with code and place', () => {
  const faults = [
    {
      code: manifestCodes.invalidField.code,
      severity: 'error' as const,
      message: '"spec.numbers" must be a list',
      place: { pointer: '/spec/numbers' },
    },
  ];
  const object = { ...OBJECT, kind: 'PivotCallflow', status: undefined, resource: undefined, faults };
  const programmed = { ...condition('Programmed', 'Unknown', 'Pending'), observedGeneration: 3 };
  const health = { condition: condition('WebhookHealthy', 'Unknown', 'NoExchanges'), lastFailure: undefined };
  const status = callflowStatus(object, undefined, programmed, health);
  assert.deepEqual(
    status.conditions.map(({ type, status: value, reason }) => `${type} ${value} ${reason}`),
    [
      'Accepted False InvalidCallflow',
      'ResolvedRefs Unknown InvalidCallflow',
      'Programmed Unknown Pending',
      'WebhookHealthy Unknown NoExchanges',
    ],
  );
  assert.equal(
    status.conditions[0]!.message,
    `${manifestCodes.invalidField.code} "spec.numbers" must be a list (at /spec/numbers)`,
  );
  assert.equal(status['observedGeneration'], 3);
});

test('another kind has the conditions that it was compiled to, or says why it could not be read', () => {
  const object = { ...OBJECT, kind: 'PivotTrunk', status: undefined, resource: undefined };
  const accepted = {
    type: 'Accepted',
    status: 'True',
    reason: 'Accepted',
    message: 'all is well',
    observedGeneration: 3,
  } as const;
  assert.deepEqual(plainStatus({ ...object, faults: [] }, [accepted]), {
    observedGeneration: 3,
    conditions: [accepted],
  });
  const faults = [
    { code: manifestCodes.invalidField.code, severity: 'error', message: '"spec.servers" must be a list' } as const,
  ];
  const [refused] = plainStatus({ ...object, faults }, [accepted]).conditions;
  assert.equal(`${refused!.status} ${refused!.reason}`, 'False InvalidTrunk');
  assert.match(refused!.message, /^PV-10\d\d "spec.servers"/);
});

test('events tell what became worse or better, not what is as expected or not known', () => {
  const told = (after: Condition, before?: Condition): string | undefined => {
    const event = eventOf({ before, after });
    return event && `${event.type} ${event.reason} ${event.action}`;
  };
  assert.equal(told(condition('Accepted', 'True', 'Accepted')), 'Normal Accepted CheckAccepted');
  assert.equal(told(condition('ResolvedRefs', 'True', 'ResolvedRefs')), undefined);
  const missing = condition('ResolvedRefs', 'False', 'SecretNotFound');
  assert.equal(told(missing), 'Warning SecretNotFound CheckResolvedRefs');
  assert.equal(
    told(condition('ResolvedRefs', 'True', 'ResolvedRefs'), missing),
    'Normal ResolvedRefs CheckResolvedRefs',
  );
  assert.equal(told(condition('Accepted', 'True', 'PartiallyAccepted')), 'Warning PartiallyAccepted CheckAccepted');
  assert.equal(told(condition('Programmed', 'Unknown', 'Pending')), undefined);
});
