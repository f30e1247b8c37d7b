import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import type { PivotMedia } from '../../crds/resources.ts';
import type { Condition } from '../kube/conditions.ts';
import { callflowStatus, eventOf, mediaStatus, programmedUnknown } from './statuses.ts';

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
  const status = callflowStatus(object, undefined, programmedUnknown('acme/a', 3));
  assert.deepEqual(
    status.conditions.map(({ type, status: value, reason }) => `${type} ${value} ${reason}`),
    ['Accepted False InvalidCallflow', 'ResolvedRefs Unknown InvalidCallflow', 'Programmed Unknown Pending'],
  );
  assert.equal(
    status.conditions[0]!.message,
    `${manifestCodes.invalidField.code} "spec.numbers" must be a list (at /spec/numbers)`,
  );
  assert.equal(status['observedGeneration'], 3);
});

test('a sound whose address is refused is not accepted', () => {
  const media = (spec: object): PivotMedia =>
    ({ ...OBJECT, apiVersion: 'pivot.voice/v1alpha1', kind: 'PivotMedia', spec }) as PivotMedia;
  const statusOf = (spec: object, allowLoopbackUrls = false) =>
    mediaStatus(
      { ...OBJECT, kind: 'PivotMedia', status: undefined, resource: media(spec), faults: [] },
      { allowLoopbackUrls },
    ).conditions[0]!;
  assert.equal(statusOf({ text: 'Hello' }).status, 'True');
  const refused = statusOf({ url: 'http://127.0.0.1/a.wav' });
  assert.equal(`${refused.status} ${refused.reason}`, 'False InvalidMedia');
  assert.match(refused.message, /PV-10\d\d .*\(at \/spec\/url\)/);
  assert.equal(statusOf({ url: 'http://127.0.0.1/a.wav' }, true).status, 'True');
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
