import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fault } from '../../../crds/errors/fault.ts';
import { referCodes } from '../../../crds/errors/refer.ts';
import type { Referred } from '../../call/refer.ts';
import { next, run } from '../testing/scenario.ts';

const referring = (referred: Referred, verbs = '<Refer action="/r"><Sip>sip:a@b.example</Sip></Refer>') =>
  run(verbs, {
    before(call) {
      call.referred = referred;
    },
  });

suite('<Refer>', () => {
  test('answers, tells the caller’s side whom to call, and asks action with the result', async () => {
    const result = await referring({ status: 'completed', referStatus: 202, notifyStatus: 200 });
    assert.deepEqual(
      result.log.map(({ did }) => did),
      ['answer', 'refer'],
    );
    assert.deepEqual(result.log[1], { at: 0, did: 'refer', uri: 'sip:a@b.example', limitMs: 60_000 });
    assert.deepEqual(next(result), {
      url: 'https://app.example.com/r',
      method: 'POST',
      parameters: { ReferCallStatus: 'completed', ReferSipResponseCode: '202', NotifySipResponseCode: '200' },
    });
  });

  test('without action the next verb runs', async () => {
    const verbs = '<Refer><Sip>sip:a@b.example</Sip></Refer><Say>after</Say>';
    const result = await referring({ status: 'failed', referStatus: 202, notifyStatus: 486 }, verbs);
    assert.deepEqual(result.heard, ['after']);
  });

  test('a refusal is a warning with its code, and is told to action', async () => {
    const refused = fault(referCodes.refused, 'the REFER was answered 603');
    const result = await referring({ status: 'failed', referStatus: 603, fault: refused });
    assert.deepEqual(next(result).parameters, { ReferCallStatus: 'failed', ReferSipResponseCode: '603' });
    const codes = result.spans.flatMap(({ events }) =>
      events.map(({ attributes }) => attributes?.['pivot.error.code']),
    );
    assert.deepEqual(codes, [referCodes.refused.code]);
  });

  test('headers of the address that may be given are given, and nothing else', async () => {
    const verbs = '<Refer><Sip>b.example?X-Team=a%20b&amp;Evil=1</Sip></Refer>';
    const { log } = await referring({ status: 'completed' }, verbs);
    assert.ok(log.some((done) => done.did === 'refer' && done.uri === 'sip:b.example?X-Team=a%20b'));
  });

  test('without an address that can be used it is skipped with a warning and a place', async () => {
    const cases: readonly (readonly [verbs: string, codes: readonly string[]])[] = [
      ['<Refer/>', ['PV-1361']],
      ['<Refer>sip:a@b.example</Refer>', ['PV-1360', 'PV-1361']],
      ['<Refer><Sip>tel:+1</Sip></Refer>', ['PV-2505']],
      ['<Refer><Number>1</Number></Refer>', ['PV-1357', 'PV-1361']],
      ['<Refer><Sipp>sip:a@b.example</Sipp></Refer>', ['PV-1357', 'PV-1361']],
    ];
    for (const [verbs, codes] of cases) {
      const result = await run(`${verbs}<Say>after</Say>`);
      assert.deepEqual([result.heard, result.warnings], [['after'], codes], verbs);
      assert.ok(result.faults.every(({ place }) => place?.line === 2));
    }
    assert.match((await run('<Refer><Sipp>x</Sipp></Refer>')).faults[0]!.message, /Did you mean <Sip>\?/);
    const two = await run('<Refer><Sip>sip:a@b.example</Sip><Sip>sip:c@d.example</Sip></Refer>');
    assert.deepEqual(two.warnings, ['PV-1357']);
  });
});
