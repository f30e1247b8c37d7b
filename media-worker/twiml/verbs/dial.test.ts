import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { dialCodes } from '../../../crds/errors/dial.ts';
import { fault } from '../../../crds/errors/fault.ts';
import { webhookCodes } from '../../../crds/errors/webhook.ts';
import { tracing } from '../../call/testing/one-call.ts';
import type { JoinWish, Stayed } from '../../conference/rooms.ts';
import { FakeDialler } from '../../dial/testing/fake-dialler.ts';
import { CallSpan } from '../../telemetry/span.ts';
import type { TwimlContext } from '../outcome.ts';
import { parseTwiml } from '../parse.ts';
import { next, response, run } from '../testing/scenario.ts';
import { ScriptedCall } from '../testing/scripted-call.ts';

/** Rooms in which every stay is this one; notes what was asked for. */
function rooms(stayed: Partial<Stayed> = {}) {
  const wishes: JoinWish[] = [];
  return {
    wishes,
    open: 0,
    join: async (wish: JoinWish): Promise<Stayed> => {
      wishes.push(wish);
      return { how: 'left', sid: 'CF1', ms: 42_400, ...stayed };
    },
  };
}

suite('<Dial> with a conference', () => {
  test('attributes: defaults, and what is given; white space never matters (T16)', async () => {
    const given = rooms();
    await run('<Dial><Conference>team</Conference></Dial>', { rooms: given });
    await run(
      '<Dial>\n  <Conference startConferenceOnEnter="false" endConferenceOnExit="true" muted="true" deaf="true" beep="onExit" maxParticipants="3">\n team \n</Conference>\n</Dial>',
      { rooms: given },
    );
    const shown = given.wishes.map((wish) => [
      wish.name,
      wish.account,
      wish.startOnEnter,
      wish.endOnExit,
      wish.muted,
      wish.deaf,
      wish.beep,
      wish.maxParticipants,
    ]);
    assert.deepEqual(shown, [
      ['team', 'acme', true, false, false, false, { enter: true, exit: true }, 250],
      ['team', 'acme', false, true, true, true, { enter: false, exit: true }, 3],
    ]);
  });

  test('afterwards the next verb, or the action with DialCallStatus=answered (T15)', async () => {
    const plain = await run('<Dial><Conference>r</Conference></Dial><Say>bye</Say>', { rooms: rooms() });
    assert.deepEqual(plain.heard, ['bye']);
    const asked = await run('<Dial action="/d"><Conference>r</Conference></Dial>', { rooms: rooms() });
    assert.deepEqual(next(asked).parameters, {
      DialCallStatus: 'answered',
      DialCallDuration: '42',
      ConferenceSid: 'CF1',
    });
    const full = await run('<Dial action="/d"><Conference>r</Conference></Dial>', { rooms: rooms({ how: 'refused' }) });
    assert.equal(next(full).parameters['DialCallStatus'], 'failed');
  });

  test('out of range values are clamped with a warning, not the end of the call (T19)', async () => {
    const given = rooms();
    const result = await run('<Dial><Conference maxParticipants="1">r</Conference></Dial>', { rooms: given });
    assert.deepEqual(result.warnings, ['PV-1354']);
    assert.equal(given.wishes[0]!.maxParticipants, 2);
  });
});

suite('<Dial> of somebody', () => {
  const asked = (verbs: string, dialler: FakeDialler) => run(`<Dial action="/d" ${verbs}</Dial>`, { dialler });

  test('the action is told how it ended', async () => {
    const ended = await asked('>+14155550101', new FakeDialler());
    assert.deepEqual(next(ended).parameters, {
      DialCallStatus: 'completed',
      DialCallSid: 'leg-1',
      DialCallDuration: '42',
      DialBridged: 'true',
    });
    const busy = new FakeDialler({ status: 'busy', cause: 'USER_BUSY', bridged: false, answeredMs: 0 });
    assert.equal(next(await asked('>+14155550101', busy)).parameters['DialCallStatus'], 'busy');
  });

  test('defaults: 30 s for all together, four hours, no keys, nothing recorded', async () => {
    const dialler = new FakeDialler();
    await asked('>+14155550101', dialler);
    const [{ plan, wish }] = dialler.dials as [(typeof dialler.dials)[0]];
    assert.ok(plan.kind === 'within' && plan.ms === 30_000);
    assert.deepEqual(
      [wish.limitMs, wish.answerFirst, wish.endLegOn, wish.endCallOn, wish.recording],
      [14_400_000, true, '', '', undefined],
    );
  });

  test('text answers the caller first, elements do not; answerOnBridge says otherwise', async () => {
    const dialler = new FakeDialler();
    await asked('>1', dialler);
    await asked('><Number>1</Number>', dialler);
    await asked('answerOnBridge="true">1', dialler);
    await asked('answerOnBridge="false"><Number>1</Number>', dialler);
    assert.deepEqual(
      dialler.dials.map(({ wish }) => wish.answerFirst),
      [true, false, false, true],
    );
  });

  test('nouns ring together, or in order with `sequential` and Kazoo’s `strategy`; white space means nothing (T16)', async () => {
    const dialler = new FakeDialler();
    const nouns = '>\n<Number>1</Number>\n <User>u</User>\n<Device>d</Device><Sip>sip:a@b.example</Sip>\n';
    await asked(nouns, dialler);
    await asked(`sequential="true" timeout="5" ${nouns}`, dialler);
    await asked(`strategy="single" ${nouns}`, dialler);
    const [together, sequential, single] = dialler.dials.map(({ plan }) => plan);
    assert.ok(together?.kind === 'within' && together.ring.kind === 'together' && together.ring.of.length === 4);
    assert.ok(sequential?.kind === 'inOrder' && sequential.of.every((one) => one.kind === 'within' && one.ms === 5000));
    assert.equal(single?.kind, 'inOrder');
    assert.deepEqual(
      dialler.endpoints.slice(0, 4).map(({ target }) => target),
      [
        { kind: 'number', number: '1' },
        { kind: 'user', name: 'u' },
        { kind: 'device', name: 'd' },
        { kind: 'sip', address: 'sip:a@b.example' },
      ],
    );
  });

  test('caller id: the caller’s own, or what is asked for', async () => {
    const dialler = new FakeDialler();
    await asked('>1', dialler);
    await asked('callerId="+1 (212) 555-0100">1', dialler);
    await asked('callerId="sip:+12125550101@example.com">1', dialler);
    assert.deepEqual(
      dialler.endpoints.map(({ callerId }) => [callerId.number, callerId.name]),
      [
        ['+15550100', 'Alice'],
        ['+12125550100', ''],
        ['+12125550101', ''],
      ],
    );
  });

  test('record: both sides, mixed or on two channels, from the answer or the ringing', async () => {
    const dialler = new FakeDialler();
    for (const value of ['true', 'record-from-answer', 'record-from-ringing-dual', 'false', 'do-not-record']) {
      await asked(`record="${value}">1`, dialler);
    }
    assert.deepEqual(
      dialler.dials.map(({ wish: { recording } }) => recording && [recording.about.channels, recording.fromRinging]),
      [[1, false], [1, false], [2, true], undefined, undefined],
    );
  });

  test('nouns: digits, documents, status callbacks, credentials', async () => {
    const dialler = new FakeDialler();
    await asked(
      '><Sip username="u" password="p" sendDigits="1w2" url="/w" statusCallback="/s" statusCallbackEvent="ringing">sip:a@b.example</Sip>',
      dialler,
    );
    const [{ target, wish }] = dialler.endpoints as [(typeof dialler.endpoints)[0]];
    assert.deepEqual(target, { kind: 'sip', address: 'sip:a@b.example', auth: { username: 'u', password: 'p' } });
    assert.equal(wish.sendDigits, '1w2');
    assert.equal(typeof wish.screen, 'function');
    assert.deepEqual([wish.callback?.url, wish.callback?.events], ['https://app.example.com/s', ['ringing']]);
  });

  test('the document for the called side: what means nothing there is skipped, one that cannot be had declines', async () => {
    const { provider, spans } = tracing();
    const span = CallSpan.root(provider.getTracer('test'), 'call', {});
    const screened = async (ask: TwimlContext['ask']): Promise<boolean | undefined> => {
      const dialler = new FakeDialler();
      await run('<Dial><Sip url="/w">sip:a@b.example</Sip></Dial>', { dialler, ask });
      return dialler.endpoints[0]?.wish.screen?.(new ScriptedCall(span), span);
    };
    const parsed = parseTwiml(response('<Enqueue>q</Enqueue>'), { strict: false });
    assert.ok(parsed.ok);
    const document = { ok: true, documentUrl: 'https://app.example.com/w', document: parsed.document } as const;
    assert.equal(await screened(async () => document), true);
    const unreachable = { ok: false, fault: fault(webhookCodes.refused, 'refused') } as const;
    assert.equal(await screened(async () => unreachable), false);
    span.end();
    const codes = spans().flatMap(({ events }) => events.map(({ attributes }) => attributes?.['pivot.error.code']));
    assert.deepEqual(codes, [dialCodes.screenVerb.code, dialCodes.screenFailed.code]);
  });

  test('collect_dtmf sends what was pressed', async () => {
    const result = await asked('collect_dtmf="true">1', new FakeDialler({ digits: '12' }));
    assert.equal(next(result).parameters['Digits'], '12');
  });

  test('when the caller has hung up the action is told all the same', async () => {
    const dialler = new FakeDialler({ status: 'canceled', cause: 'ORIGINATOR_CANCEL', bridged: false });
    const result = await run('<Dial action="/d">1</Dial>', {
      dialler,
      before: (call) => setTimeout(() => call.end({ side: 'caller', cause: 'ORIGINATOR_CANCEL' }), 0),
    });
    assert.equal(next(result).parameters['DialCallStatus'], 'canceled');
  });
});

suite('lint of <Dial>', () => {
  test('a misspelt noun, verb or attribute is named with a suggestion, line and column', async () => {
    const { faults } = await run(
      '<Dial><Conferrence>r</Conferrence></Dial>\n<Enqeue>q</Enqeue>\n<Record maxLenght="3"/>',
    );
    assert.deepEqual(
      faults.map(({ message, place }) => [message.match(/Did you mean (.*)\?/)?.[1], place?.line]),
      [
        ['<Conference>', 2],
        ['<Enqueue>', 3],
        ['maxLength', 4],
      ],
    );
  });

  test('<Dial/> and empty nouns are skipped with a warning (T21)', async () => {
    assert.deepEqual((await run('<Dial/>')).warnings, ['PV-1361']);
    assert.deepEqual((await run('<Dial><Conference/></Dial>')).warnings, ['PV-1361']);
  });

  test('nobody to call is named, with its place, and the document goes on', async () => {
    const { faults, heard } = await run(
      '<Dial>Joe</Dial><Dial><Number>none</Number></Dial><Dial><Sip>sip:a b</Sip></Dial><Dial><User/></Dial><Say>x</Say>',
    );
    assert.deepEqual(
      faults.map(({ code }) => code),
      ['PV-1360', 'PV-2504', 'PV-2505', 'PV-1361'],
    );
    assert.deepEqual(heard, ['x']);
  });

  test('a conference or queue stands alone, a number as text too; ten nouns at most', async () => {
    const mixed = '<Dial><Number>1</Number><Conference>r</Conference></Dial>';
    assert.deepEqual((await run(mixed)).warnings, ['PV-1357']);
    assert.deepEqual((await run('<Dial>415<Number>1</Number></Dial>')).warnings, ['PV-1357']);
    const eleven = `<Dial>${'<Number>1</Number>'.repeat(11)}</Dial>`;
    const dialler = new FakeDialler();
    assert.deepEqual((await run(eleven, { dialler })).warnings, ['PV-2510']);
    assert.equal(dialler.endpoints.length, 10);
  });

  test('what only Twilio has is named and skipped', async () => {
    const { warnings } = await run('<Dial><Client>joe</Client></Dial><Connect><Stream url="wss://x"/></Connect>');
    assert.deepEqual(warnings, ['PV-1351', 'PV-1351']);
  });
});
