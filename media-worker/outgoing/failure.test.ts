import assert from 'node:assert/strict';
import { test } from 'node:test';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import { failureOf, timeoutFailure } from './failure.ts';

const target = { hostname: 'app.example.com', port: 443 } as Parameters<typeof failureOf>[2];
const errorOf = (code: string): Error => Object.assign(new Error('it broke'), { code });

test('a connection that the network does not let through is told from one that is refused, and may be tried again', () => {
  const { fault, retryOn } = failureOf(errorOf('ENETUNREACH'), 'connecting', target, false);
  assert.equal(fault.code, webhookCodes.unreachable.code);
  assert.match(fault.message, /ENETUNREACH/);
  assert.deepEqual(retryOn, ['connect']);
  assert.equal(failureOf(errorOf('ECONNREFUSED'), 'connecting', target, false).fault.code, webhookCodes.refused.code);
});

test('what nobody has foreseen has a code too, with the words of the error, and is not tried again', () => {
  const { fault, retryOn } = failureOf(errorOf('EUNHEARDOF'), 'open', target, false);
  assert.equal(fault.code, webhookCodes.internal.code);
  assert.match(fault.message, /it broke \(EUNHEARDOF\)/);
  assert.deepEqual(retryOn, []);
});

test('running out of time says at which stage', () => {
  const codeAt = (stage: Parameters<typeof timeoutFailure>[0]): string =>
    timeoutFailure(stage, target, 500, false).fault.code;
  assert.deepEqual(
    [codeAt(undefined), codeAt('resolving'), codeAt('connecting'), codeAt('securing'), codeAt('open')],
    [
      webhookCodes.queue.code,
      webhookCodes.dns.code,
      webhookCodes.connectTimeout.code,
      webhookCodes.connectTimeout.code,
      webhookCodes.deadline.code,
    ],
  );
});
