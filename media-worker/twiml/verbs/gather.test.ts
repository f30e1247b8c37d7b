import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { next, run } from '../testing/scenario.ts';

const URL = 'https://app.example.com/ivr/start.php';

suite('<Gather>', () => {
  test('action: asks it with Digits and FinishedOnKey; verbs after it do not run', async () => {
    const result = await run('<Gather action="next.php"/><Say>none</Say>', { keys: [[500, '12#']] });
    assert.deepEqual(next(result), {
      url: 'https://app.example.com/ivr/next.php',
      method: 'POST',
      parameters: { Digits: '12', FinishedOnKey: '#' },
    });
    assert.deepEqual(result.heard, []);
  });

  test('action left out or empty: the current document', async () => {
    for (const verbs of ['<Gather numDigits="1"/>', '<Gather numDigits="1" action=""/>']) {
      assert.equal(next(await run(verbs, { keys: [[100, '1']] })).url, URL);
    }
  });

  test('method: GET or POST in any case; without it the callflow’s default; another word is a warning (T34)', async () => {
    const gather = (method: string): Promise<string> =>
      run(`<Gather numDigits="1" ${method}/>`, { keys: [[100, '1']] }).then((result) => next(result).method);
    assert.equal(await gather('method="get"'), 'GET');
    assert.equal(await gather('method="POST"'), 'POST');
    assert.equal(await gather(''), 'POST');
    const get = await run('<Gather numDigits="1" method="put"/>', {
      keys: [[100, '1']],
      context: { defaultActionMethod: 'GET' },
    });
    assert.equal(next(get).method, 'GET');
    assert.deepEqual(get.warnings, ['PV-1355']);
  });

  test('answers the call, whatever the prompt', async () => {
    for (const prompt of ['', '<Say>x</Say>', '<Pause/>', '<Play digits="1"/>', '<Say>x</Say><Pause/>']) {
      const result = await run(`<Gather>${prompt}</Gather>`);
      assert.deepEqual(result.log[0], { at: 0, did: 'answer' }, prompt);
    }
    const typedAhead = await run('<Gather><Say>x</Say></Gather>', { before: (call) => call.digits.push('1') });
    assert.deepEqual(typedAhead.log[0], { at: 0, did: 'answer' });
  });

  test('timeout: starts after the prompt and again at each digit (T22)', async () => {
    const keys = [
      [6000, '1'],
      [10_000, '2'],
    ] as const;
    const result = await run('<Gather timeout="5"><Say>prompt of 2 s</Say></Gather>', { keys });
    assert.equal(next(result).parameters['Digits'], '12');
    assert.equal(result.ms, 15_000);
  });

  test('timeout: 5 s by default; 0 does not wait after the prompt; too large and negative ones are clamped (T2)', async () => {
    assert.equal((await run('<Gather/>')).ms, 5000);
    // One tick of the virtual clock stands for the 0 ms.
    assert.equal((await run('<Gather timeout="0"><Say>x</Say></Gather>')).ms, 2100);
    const negative = await run('<Gather timeout="-3"/>');
    assert.equal(negative.ms, 5000);
    assert.deepEqual(negative.warnings, ['PV-1354']);
    const large = await run('<Gather timeout="5000"/>');
    assert.equal(large.ms, 3_600_000);
    assert.deepEqual(large.warnings, ['PV-1354']);
    const auto = await run('<Gather timeout="auto"/>');
    assert.equal(auto.ms, 5000);
    assert.deepEqual(auto.warnings, ['PV-1355']);
  });

  test('timeout=0: a number begun during the prompt can still be typed to its end', async () => {
    const keys = [
      [500, '1'],
      [3000, '2'],
    ] as const;
    const result = await run('<Gather timeout="0" numDigits="2"><Say>x</Say></Gather>', { keys });
    assert.equal(next(result).parameters['Digits'], '12');
  });

  test('finishOnKey: several keys may be listed, each ends the input', async () => {
    const result = await run('<Gather finishOnKey="*#"/>', { keys: [[100, '12*']] });
    assert.deepEqual(next(result).parameters, { Digits: '12', FinishedOnKey: '*' });
  });

  test('finishOnKey: empty lets no key end the input', async () => {
    const result = await run('<Gather finishOnKey="" numDigits="3"/>', { keys: [[100, '1#2']] });
    assert.deepEqual(next(result).parameters, { Digits: '1#2' });
  });

  test('finishOnKey: a value without any key is a warning and # (T2)', async () => {
    const result = await run('<Gather finishOnKey="x"/>', { keys: [[100, '7#']] });
    assert.deepEqual(next(result).parameters, { Digits: '7', FinishedOnKey: '#' });
    assert.deepEqual(result.warnings, ['PV-1355']);
  });

  test('a finish key first stops the prompt and the document goes on (T24)', async () => {
    const result = await run('<Gather><Say>a</Say><Say>b</Say></Gather><Say>none</Say>', { keys: [[500, '#']] });
    assert.deepEqual(result.heard, ['a', 'none']);
    assert.equal(result.ms, 2500);
  });

  test('numDigits: ends the input; 0 is a warning and any number (T2)', async () => {
    assert.equal(next(await run('<Gather numDigits="4"/>', { keys: [[100, '123456']] })).parameters['Digits'], '1234');
    const zero = await run('<Gather numDigits="0"/>', { keys: [[100, '123456']] });
    assert.equal(next(zero).parameters['Digits'], '123456');
    assert.deepEqual(zero.warnings, ['PV-1354']);
  });

  test('digits past numDigits stay typed ahead for the next verb', async () => {
    const result = await run('<Gather numDigits="1"/>', { keys: [[100, '123']] });
    assert.equal(result.call.digits.pending, '23');
  });

  test('actionOnEmptyResult: asks without Digits; with FinishedOnKey when a key ended it', async () => {
    const silent = await run('<Gather actionOnEmptyResult="true" action="/g"/>');
    assert.deepEqual(next(silent), { url: 'https://app.example.com/g', method: 'POST', parameters: {} });
    const key = await run('<Gather actionOnEmptyResult="TRUE" action="/g"/>', { keys: [[100, '#']] });
    assert.deepEqual(next(key).parameters, { FinishedOnKey: '#' });
  });

  test('a digit stops the prompt at once, also with terminators="" (T25)', async () => {
    const result = await run(
      '<Gather numDigits="1"><Say terminators="">long</Say><Pause length="9"/><Play>x.wav</Play></Gather>',
      { keys: [[700, '4']] },
    );
    assert.deepEqual(result.heard, ['long']);
    assert.equal(result.ms, 700);
    assert.equal(next(result).parameters['Digits'], '4');
  });

  test('a digit ends a nested Pause, and a Say that is repeated without end', async () => {
    for (const prompt of ['<Pause length="60"/>', '<Say loop="0">again</Say>']) {
      const result = await run(`<Gather numDigits="1">${prompt}</Gather>`, { keys: [[5500, '4']] });
      assert.equal(result.ms, 5500);
    }
  });

  test('bargeIn="false": the prompt is heard to its end, digits typed meanwhile count', async () => {
    const result = await run('<Gather bargeIn="false" numDigits="2"><Say>x</Say></Gather>', { keys: [[500, '42']] });
    assert.equal(result.ms, 2000);
    assert.equal(next(result).parameters['Digits'], '42');
  });

  test('digits typed during earlier verbs count, and the prompt is not heard', async () => {
    const result = await run('<Pause length="2"/><Gather numDigits="3"><Say>x</Say></Gather>', {
      keys: [
        [500, '12'],
        [4000, '3'],
      ],
    });
    assert.equal(next(result).parameters['Digits'], '123');
    assert.deepEqual(result.heard, []);
  });

  test('<Gather/> alone works: keys, and none (T23)', async () => {
    assert.equal(next(await run('<Gather/>', { keys: [[100, '5#']] })).parameters['Digits'], '5');
    assert.equal((await run('<Gather/>')).outcome.kind, 'finished');
  });

  test('nested verbs other than Say, Play and Pause are skipped with a warning', async () => {
    const result = await run('<Gather timeout="0"><Redirect>/x</Redirect><Say>a</Say><Foo/></Gather>');
    assert.deepEqual(result.heard, ['a']);
    assert.deepEqual(result.warnings, ['PV-1357', 'PV-1357']);
  });

  test('input: speech is a warning, digits are taken', async () => {
    for (const input of ['speech', 'dtmf speech', 'speech dtmf']) {
      const result = await run(`<Gather input="${input}" numDigits="1"/>`, { keys: [[100, '1']] });
      assert.equal(next(result).parameters['Digits'], '1');
      assert.deepEqual(result.warnings, ['PV-1353']);
    }
    assert.deepEqual((await run('<Gather input="dtmf"/>')).warnings, []);
  });

  test('speech attributes are warnings', async () => {
    const result = await run('<Gather speechTimeout="auto" hints="yes, no" partialResultCallback="/p"/>');
    assert.deepEqual(result.warnings, ['PV-1353', 'PV-1353', 'PV-1353']);
  });

  test('the span tells the digits, or where they are hidden only how many', async () => {
    const scenario = { keys: [[100, '123#']] } as const;
    const open = (await run('<Gather/>', scenario)).spans.find((span) => span.name === 'verb Gather')!;
    assert.equal(open.attributes['pivot.twiml.gather.digits'], '123');
    const secret = (await run('<Gather/>', { ...scenario, context: { hideDigits: true } })).spans;
    assert.equal(secret[0]!.attributes['pivot.twiml.gather.count'], 3);
    assert.ok(!JSON.stringify(secret.map((span) => [span.attributes, span.events])).includes('123'));
  });

  test('a hang-up in the prompt or while waiting ends it at once', async () => {
    for (const callerHangsUpAt of [500, 3000]) {
      const result = await run('<Gather><Say>x</Say></Gather><Say>never</Say>', { callerHangsUpAt });
      assert.equal(result.outcome.kind, 'call ended');
      assert.equal(result.ms, callerHangsUpAt);
      assert.deepEqual(result.heard, ['x']);
    }
  });
});
