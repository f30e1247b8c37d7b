import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTelemetry } from '../telemetry.ts';
import { define } from './definition.ts';
import { observed } from './instruments.ts';

const { queues } = define({
  queues: {
    name: 'test.queues',
    kind: 'gauge',
    unit: '{queue}',
    description: 'For this test',
    labels: { name: 'of the queue' },
  },
});

test('labels of a gauge that are gone read 0 and do not keep their last value', async () => {
  const telemetry = createTelemetry({ serviceName: 'test', env: {} });
  let now: Readonly<Record<string, number>> = { sales: 3, support: 1 };
  observed(telemetry.meter, queues, (observe) => {
    for (const [name, value] of Object.entries(now)) observe(value, { name });
  });
  const values = async (): Promise<string[]> =>
    (await telemetry.prometheus())
      .split('\n')
      .filter((line) => line.startsWith('test_queues{'))
      .map((line) => line.replace(/,?otel_[^,}]*/g, ''));
  try {
    assert.deepEqual(await values(), ['test_queues{name="sales"} 3', 'test_queues{name="support"} 1']);
    now = { support: 2 };
    assert.deepEqual((await values()).sort(), ['test_queues{name="sales"} 0', 'test_queues{name="support"} 2']);
  } finally {
    await telemetry.shutdown();
  }
});
