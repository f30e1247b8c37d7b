import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseTwiml } from '../parse.ts';
import { next, response, run } from '../testing/scenario.ts';

suite('<Redirect>', () => {
  test('abandons the rest for another exchange, without answering', async () => {
    const result = await run('<Redirect>/n</Redirect><Say>never</Say>');
    assert.deepEqual(next(result), { url: 'https://app.example.com/n', method: 'POST', parameters: {} });
    assert.deepEqual(result.log, []);
  });

  test('empty: the current document', async () => {
    for (const verbs of ['<Redirect/>', '<Redirect> \r\n </Redirect>']) {
      assert.equal(next(await run(verbs)).url, 'https://app.example.com/ivr/start.php');
    }
  });

  test('method: as given; without it the callflow’s default (T34)', async () => {
    assert.equal(next(await run('<Redirect method="GET">/n</Redirect>')).method, 'GET');
    assert.equal(next(await run('<Redirect>/n</Redirect>', { context: { defaultActionMethod: 'GET' } })).method, 'GET');
  });

  test('nested variables are stored first, wherever they stand (T32)', async () => {
    const result = await run('<Redirect>\n /n\n <Variable key="a" value="1"/> </Redirect>');
    assert.equal(next(result).url, 'https://app.example.com/n');
    assert.deepEqual([...result.call.memory.variables], [['a', '1']]);
  });

  test('digits typed before it are kept, and not sent with it (T42)', async () => {
    const result = await run('<Say>x</Say><Redirect>/n</Redirect>', { keys: [[500, '5']] });
    assert.deepEqual(next(result).parameters, {});
    assert.equal(result.call.digits.pending, '5');
  });

  test('a URL that cannot be asked refuses the document before anything runs', () => {
    for (const url of ['mailto:a@example.com', 'http://', 'https://user:secret@[bad']) {
      const parsed = parseTwiml(response(`<Say>a</Say><Redirect>${url}</Redirect>`), { strict: false });
      assert.ok(!parsed.ok);
      assert.deepEqual(
        parsed.faults.map((fault) => [fault.code, fault.place]),
        [['PV-1308', { line: 2, column: 23 }]],
      );
      assert.ok(!JSON.stringify(parsed).includes('secret'));
    }
  });
});
