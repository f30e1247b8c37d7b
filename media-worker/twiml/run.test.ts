import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { SpanStatusCode } from '@opentelemetry/api';
import fc from 'fast-check';
import { parseTwiml } from './parse.ts';
import { anyElement } from './testing/any-element.ts';
import { response, run } from './testing/scenario.ts';

suite('running a document', () => {
  test('each verb has a span of its own, named by the verb, with its place and outcome', async () => {
    const result = await run('<Say>secret text</Say>\n<Redirect>/n?token=1</Redirect>');
    assert.deepEqual(
      result.spans.slice(0, 2).map((span) => [span.name, span.attributes]),
      [
        [
          'verb Say',
          {
            'pivot.twiml.verb': 'Say',
            'pivot.twiml.line': 2,
            'pivot.twiml.column': 11,
            'pivot.twiml.outcome': 'continue',
          },
        ],
        [
          'verb Redirect',
          {
            'pivot.twiml.verb': 'Redirect',
            'pivot.twiml.line': 3,
            'pivot.twiml.column': 1,
            'pivot.twiml.outcome': 'exchange',
            'pivot.twiml.next.method': 'POST',
          },
        ],
      ],
    );
    const root = result.spans.find((span) => span.name === 'call')!;
    assert.ok(result.spans.slice(0, 2).every((span) => span.parentSpanContext?.spanId === root.spanContext().spanId));
  });

  test('a call that ended before runs nothing', async () => {
    const result = await run('<Say>a</Say>', {
      before: (call) => call.end({ side: 'caller', cause: 'ORIGINATOR_CANCEL' }),
    });
    assert.deepEqual(result.outcome, {
      kind: 'call ended',
      reason: { side: 'caller', cause: 'ORIGINATOR_CANCEL' },
    });
    assert.deepEqual(result.log, []);
  });

  test('the end of the call is no fault of the verb', async () => {
    const result = await run('<Say>a</Say>', { callerHangsUpAt: 500 });
    const span = result.spans.find((each) => each.name === 'verb Say')!;
    assert.equal(span.attributes['pivot.twiml.outcome'], 'call ended');
    assert.equal(span.status.code, SpanStatusCode.UNSET);
  });

  test('a verb that fails from within fails its span with a code and hangs up (4.7, T40)', async () => {
    const result = await run('<Play digits="1"/><Say>never</Say>', {
      before: (call) => {
        call.sendDigits = () => Promise.reject(new TypeError('no such thing'));
      },
    });
    assert.deepEqual(result.outcome, {
      kind: 'stop',
      fault: { code: 'PV-1310', severity: 'error', message: 'no such thing' },
    });
    assert.deepEqual(result.heard, []);
    assert.deepEqual(result.log.at(-1), { at: 0, did: 'hangup', cause: 'NORMAL_TEMPORARY_FAILURE' });
    const span = result.spans.find((each) => each.name === 'verb Play')!;
    assert.equal(span.status.code, SpanStatusCode.ERROR);
    assert.equal(span.attributes['pivot.error.code'], 'PV-1310');
  });

  test('digits typed between verbs are not lost', async () => {
    const result = await run('<Say>a</Say><Pause length="1"/><Say terminators="">b</Say><Gather numDigits="3"/>', {
      keys: [
        [500, '1'],
        [1000, '2'],
        [2600, '3'],
      ],
    });
    assert.equal(result.outcome.kind === 'exchange' && result.outcome.next.parameters['Digits'], '123');
  });

  test('any document on any call ends, without a verb failing from within, and leaves no span open', async () => {
    const key = fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.constantFrom('1', '#', '12', '*'));
    const scenario = fc.record({
      keys: fc.array(key, { maxLength: 5 }),
      callerHangsUpAt: fc.integer({ min: 1, max: 60_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyElement, { maxLength: 4 }), scenario, async (elements, calling) => {
        const verbs = elements.join('');
        fc.pre(parseTwiml(response(verbs), { strict: false }).ok);
        const result = await run(verbs, calling);
        assert.ok(!('fault' in result.outcome), JSON.stringify(result.outcome));
        const count = result.spans.filter((span) => span.name.startsWith('verb ')).length;
        if (result.outcome.kind === 'finished') {
          const parsed = parseTwiml(response(verbs), { strict: false });
          assert.equal(count, parsed.ok ? parsed.document.verbs.length : -1);
        }
      }),
      { numRuns: 100 },
    );
  });
});
