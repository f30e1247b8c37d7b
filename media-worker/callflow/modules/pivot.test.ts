import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { engineCodes } from '../../../crds/errors/engine.ts';
import { webhookCodes } from '../../../crds/errors/webhook.ts';
import { type Answer, chain, type FlowScenario, flowOf, runFlow } from '../testing/run-flow.ts';

const VOICE = 'https://app.example.com/voice';

const twiml = (verbs: string): Answer => ({ type: 'text/xml', body: `<Response>${verbs}</Response>` });
const json = (body: unknown): Answer => ({ type: 'application/json', body });

const ask = (data: object, scenario: FlowScenario = {}): ReturnType<typeof runFlow> =>
  runFlow(chain(['pivot', { voice_url: VOICE, ...data }], ['sleep', { duration: 1 }]), scenario);

describe('pivot', () => {
  it('asks voice_url, with GET unless told otherwise', async () => {
    const { exchanges } = await ask({}, { answers: [twiml('')] });
    assert.deepEqual([exchanges[0]?.url, exchanges[0]?.method, exchanges[0]?.parameters], [VOICE, 'GET', {}]);
    assert.equal((await ask({ method: 'post' }, { answers: [twiml('')] })).exchanges[0]?.method, 'POST');
  });

  it('replaces the running flow by Callflow JSON; its own children are gone', async () => {
    const { ran } = await ask({}, { answers: [json(chain(['answer'], ['noop']))] });
    assert.deepEqual(ran, ['pivot', 'answer', 'noop']);
  });

  it('keeps the flow that branched here', async () => {
    const { ran } = await runFlow(chain(['callflow', { id: 'asking' }], ['noop']), {
      callflows: { asking: { module: 'pivot', data: { voice_url: VOICE } } },
      answers: [json(chain(['answer']))],
    });
    assert.deepEqual(ran, ['callflow', 'pivot', 'answer', 'noop']);
  });

  it('runs TwiML and hangs up at its end, whatever branched', async () => {
    const { ran, heard, end } = await runFlow(chain(['callflow', { id: 'asking' }], ['noop']), {
      callflows: { asking: { module: 'pivot', data: { voice_url: VOICE } } },
      answers: [twiml('<Say>Hello</Say>')],
    });
    assert.deepEqual(ran, ['callflow', 'pivot']);
    assert.deepEqual(heard, ['Hello']);
    assert.deepEqual(end, { side: 'worker', cause: 'NORMAL_CLEARING' });
  });

  it('asks again as often as the answers say, relative to the last document', async () => {
    const { exchanges, heard } = await ask(
      {},
      {
        answers: [
          twiml('<Gather action="menu?x=1" numDigits="1"><Say>Press</Say></Gather>'),
          twiml('<Redirect method="GET">/end</Redirect>'),
          twiml('<Say>Bye</Say>'),
        ],
        keys: [[500, '7']],
      },
    );
    assert.deepEqual(
      exchanges.map(({ method, url }) => `${method} ${url}`),
      [`GET ${VOICE}`, 'POST https://app.example.com/menu?x=1', 'GET https://app.example.com/end'],
    );
    assert.equal(exchanges[1]?.parameters['Digits'], '7');
    assert.deepEqual(heard, ['Press', 'Bye']);
  });

  it('can be chained: digits and variables of the first answer are told to the second server', async () => {
    const answer = chain(
      ['collect_dtmf', { max_digits: 2, collection_name: 'pin' }],
      ['set_variables', { custom_application_vars: { tier: 'gold' } }],
      ['pivot', { voice_url: 'https://second.example/' }],
    );
    const { exchanges, told } = await ask({}, { answers: [json(answer), twiml('')], keys: [[100, '42']] });
    assert.equal(exchanges[1]?.url, 'https://second.example/');
    assert.deepEqual(told[1]?.collections, { pin: '42' });
    assert.deepEqual(told[1]?.customApplicationVars, { tier: 'gold' });
  });

  it('marks its exchanges sensitive when it is', async () => {
    assert.equal((await ask({}, { answers: [twiml('')] })).exchanges[0]?.sensitive, false);
    const flow = { module: 'pivot', data: { voice_url: VOICE, sensitive: true } };
    assert.equal((await runFlow(flow, { answers: [twiml('')] })).exchanges[0]?.sensitive, true);
  });

  it('marks its exchanges sensitive as long as they send what a sensitive collection has', async () => {
    const sensitive = async (...steps: [string, object][]): Promise<boolean | undefined> => {
      const flow = chain(...steps, ['pivot', { voice_url: VOICE }]);
      return (await runFlow(flow, { answers: [twiml('')], keys: [[500, '1234']] })).exchanges[0]?.sensitive;
    };
    const collect = (data: object): [string, object] => ['collect_dtmf', { max_digits: 4, ...data }];
    assert.equal(await sensitive(collect({ sensitive: true, collection_name: 'pin' })), true);
    assert.equal(await sensitive(collect({ collection_name: 'pin' })), false);
    assert.equal(
      await sensitive(collect({ sensitive: true, collection_name: 'pin' }), ['flush_dtmf', { collection_name: 'pin' }]),
      false,
    );
  });

  describe('when an exchange fails (spec D.18)', () => {
    const failures: readonly [what: string, answer: Answer, code: string][] = [
      ['a status of an error', { status: 500 }, webhookCodes.statusServer.code],
      ['204', { status: 204 }, webhookCodes.noContent.code],
      ['an empty body', { type: 'text/xml', body: '' }, webhookCodes.emptyBody.code],
      ['JSON that is none', { type: 'application/json', body: '{"module": }' }, webhookCodes.badCallflow.code],
      ['a callflow against its schema', json({ module: 'tts', data: {} }), webhookCodes.badCallflow.code],
      ['XML that is none', { type: 'text/xml', body: '<Response>' }, webhookCodes.badTwiml.code],
      ['a text that is neither', { type: 'text/plain', body: 'hello' }, webhookCodes.unknownType.code],
    ];
    for (const [what, answer, code] of failures) {
      it(`${what}: goes on at _ with ${code}`, async () => {
        const { ran, errors, spans } = await ask({}, { answers: [answer] });
        assert.deepEqual(ran, ['pivot', 'sleep']);
        assert.deepEqual(errors, [code]);
        const span = spans.find(({ name }) => name === 'action pivot');
        assert.equal(span?.attributes['pivot.failback'], true);
        assert.equal(spans.find(({ name }) => name === 'call')?.attributes['pivot.error.code'], code);
      });
    }

    it('goes on at _ on any exchange, not only the first', async () => {
      const { ran } = await ask({}, { answers: [twiml('<Redirect>/next</Redirect>'), { status: 500 }] });
      assert.deepEqual(ran, ['pivot', 'sleep']);
    });

    it('ends the call without a _, or with an empty one', async () => {
      for (const children of [undefined, { _: {} }]) {
        const flow = { module: 'pivot', data: { voice_url: VOICE }, ...(children === undefined ? {} : { children }) };
        const { ran, end, spans } = await runFlow(flow as never, { answers: [{ status: 500 }] });
        assert.deepEqual(ran, ['pivot']);
        assert.deepEqual(end, { side: 'worker', cause: 'NORMAL_TEMPORARY_FAILURE' });
        assert.equal(spans.find(({ name }) => name === 'action pivot')?.attributes['pivot.failback'], false);
      }
    });

    it('goes on at _ when a Secret is missing', async () => {
      // As the operator compiles it: a reference with its namespace in place of the value.
      const header = { name: 'X-Key', value: { secretKeyRef: { namespace: 'acme', name: 'app', key: 'token' } } };
      const data = { voice_url: VOICE, custom_request_headers: [header] };
      const { ran, errors } = await runFlow({ module: 'pivot', data, children: { _: chain(['noop']) } });
      assert.deepEqual(ran, ['pivot', 'noop']);
      assert.deepEqual(errors, [webhookCodes.secretMissing.code]);
    });
  });

  it('stops waiting for the web server when the caller hangs up', async () => {
    const { ran, errors, ms } = await ask({}, { answers: ['never'], callerHangsUpAt: 1000 });
    assert.deepEqual(ran, ['pivot']);
    assert.deepEqual(errors, []);
    assert.ok(ms <= 1200);
  });
});

describe('pivot with `serverless` (Kazoo 5)', () => {
  const given = (serverless: object, scenario: FlowScenario = {}): ReturnType<typeof runFlow> =>
    runFlow(flowOf({ module: 'pivot', data: { serverless }, children: { _: { module: 'noop' } } }), scenario);

  it('runs the TwiML that stands in the action and asks nobody', async () => {
    const { heard, exchanges, ran } = await given({ flow_doc: '<Response><Say>Hello</Say></Response>' });
    assert.deepEqual(heard, ['Hello']);
    assert.equal(exchanges.length, 0);
    assert.deepEqual(ran, ['pivot']);
  });

  it('runs Callflow JSON, as text or as an object', async () => {
    const flow = chain(['tts', { text: 'Hello' }]);
    const asText = await given({ flow_doc: JSON.stringify(flow), flow_type: 'application/json' });
    assert.deepEqual(asText.ran, ['pivot', 'tts']);
    assert.deepEqual((await given({ flow_doc: flow })).ran, ['pivot', 'tts']);
  });

  it('may ask a server later on, by an absolute URL', async () => {
    const { exchanges, heard } = await given(
      { flow_doc: `<Response><Redirect>${VOICE}</Redirect></Response>` },
      { answers: [twiml('<Say>From the server</Say>')] },
    );
    assert.deepEqual([exchanges[0]?.method, exchanges[0]?.url], ['POST', VOICE]);
    assert.deepEqual(heard, ['From the server']);
  });

  for (const redirect of ['<Redirect>next</Redirect>', '<Redirect/>', '<Gather action="" timeout="1"/>']) {
    it(`fails back at a URL that is relative to nothing: ${redirect}`, async () => {
      const { ran, errors, exchanges } = await given(
        { flow_doc: `<Response>${redirect}</Response>` },
        { keys: [[500, '1#']] },
      );
      assert.deepEqual(ran, ['pivot', 'noop']);
      assert.deepEqual(errors, [engineCodes.badActionData.code]);
      assert.equal(exchanges.length, 0);
    });
  }

  it('fails back when the document is not valid', async () => {
    for (const flow_doc of ['<Response>', '{"module":"tts"}', '']) {
      const { ran, errors } = await given({ flow_doc });
      assert.deepEqual(ran, ['pivot', 'noop']);
      assert.equal(errors.length, 1);
    }
  });
});
