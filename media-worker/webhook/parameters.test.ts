import assert from 'node:assert/strict';
import { test } from 'node:test';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import { encodeForm, formPairs } from './encode.ts';
import { buildParameters, maskDigits } from './parameters.ts';
import { factsOf } from './testing/call.ts';

const sent = (...given: Parameters<typeof buildParameters>): Record<string, unknown> =>
  Object.fromEntries(buildParameters(...given).parameters);
const form = (...given: Parameters<typeof buildParameters>): string =>
  encodeForm(formPairs(buildParameters(...given).parameters));

test('3.3 all parameters of the kazoo format', () => {
  const facts = factsOf({
    forwardedFrom: '1002',
    userIds: ['u1'],
    customApplicationVars: { tier: 'gold' },
    customSipHeaders: { 'X-A': '1' },
    recording: { url: 'http://r/1.mp3', sid: 'RE1', durationSeconds: 7 },
  });
  assert.deepEqual(sent(facts, 'kazoo'), {
    'Account-ID': 'acme',
    'Api-Version': '4.x',
    'Call-ID': 'abc@10.0.0.5',
    'Call-Status': 'ringing',
    'Caller-ID-Name': 'Jo',
    'Caller-ID-Number': '+14155550100',
    'Custom-Application-Vars': { tier: 'gold' },
    'Custom-SIP-Headers': { 'X-A': '1' },
    Direction: 'inbound',
    'Forwarded-From': '1002',
    From: '1001',
    'From-Realm': 'a.example',
    Language: 'en-us',
    'Recording-Duration': 7,
    'Recording-ID': 'RE1',
    'Recording-Url': 'http://r/1.mp3',
    Request: '2031',
    'Request-Realm': 'c.example',
    To: '2030',
    'To-Realm': 'b.example',
    'User-ID': 'u1',
    CallStatus: 'ringing',
    RecordingUrl: 'http://r/1.mp3',
    RecordingDuration: '7',
    RecordingSid: 'RE1',
  });
});

test('3.4 all parameters of the twiml format; CAVs are sent in both (6.6)', () => {
  const facts = factsOf({ direction: 'outbound', forwardedFrom: '1002', customApplicationVars: { tier: 'gold' } });
  assert.deepEqual(sent(facts, 'twiml'), {
    CallSid: 'abc@10.0.0.5',
    AccountSid: 'acme',
    From: '1001',
    FromRealm: 'a.example',
    To: '2030',
    ToRealm: 'b.example',
    CallStatus: 'ringing',
    ApiVersion: '2010-04-01',
    Direction: 'outbound-api',
    CallerName: 'Jo',
    CallerNumber: '+14155550100',
    ForwardedFrom: '1002',
    'Custom-Application-Vars': { tier: 'gold' },
  });
});

test('8.1 R25 unknown and anonymous stand for what is missing of the caller, and nothing for the rest', () => {
  const facts = factsOf({ callerIdName: '', callerIdNumber: '', from: {}, request: {} });
  const kazoo = sent(facts, 'kazoo');
  assert.deepEqual([kazoo['Caller-ID-Name'], kazoo['Caller-ID-Number']], ['unknown', 'anonymous']);
  for (const name of ['From', 'From-Realm', 'Request', 'Request-Realm', 'User-ID', 'Digits'])
    assert.ok(!(name in kazoo), name);
});

test('11.2 CAV {tier:"gold"}: Custom-Application-Vars[tier]=gold', () => {
  assert.match(
    form(factsOf({ customApplicationVars: { tier: 'gold' } }), 'kazoo'),
    /(^|&)Custom-Application-Vars\[tier\]=gold(&|$)/,
  );
});

test('11.2 CAV {}: parameter absent, no &&', () => {
  for (const format of ['kazoo', 'twiml'] as const) {
    const text = form(factsOf(), format);
    assert.ok(!text.includes('Custom-Application-Vars') && !text.includes('&&') && !text.endsWith('&'));
  }
});

test('11.2 User-ID of two owners: User-ID[]=u1&User-ID[]=u2', () => {
  assert.ok(form(factsOf({ userIds: ['u1', 'u2'] }), 'kazoo').includes('User-ID[]=u1&User-ID[]=u2'));
});

test('11.2 collection {my_dtmf:"1234"}: Digits[my_dtmf]=1234; JSON nested object', () => {
  const facts = factsOf({ collections: { my_dtmf: '1234' } });
  for (const format of ['kazoo', 'twiml'] as const) {
    assert.ok(form(facts, format).includes('Digits[my_dtmf]=1234'));
    assert.deepEqual(sent(facts, format)['Digits'], { my_dtmf: '1234' });
  }
});

test('3.6 one collection named default is a plain string in twiml, an object in kazoo', () => {
  const facts = factsOf({ collections: { default: '12', empty: '' } });
  assert.equal(sent(facts, 'twiml')['Digits'], '12');
  assert.deepEqual(sent(facts, 'kazoo')['Digits'], { default: '12' });
});

test('3.6 a verb reports its own digits only; empty digits are not sent (8.1 R10, R11)', () => {
  const facts = factsOf({ collections: { my_dtmf: '1234' } });
  assert.equal(sent(facts, 'kazoo', { Digits: '5' })['Digits'], '5');
  assert.ok(!('Digits' in sent(facts, 'twiml', { Digits: '' })));
});

test('11.2 <Set> CallSid: CallSid unchanged, warning', () => {
  const facts = factsOf({ variables: { CallSid: 'x', 'Digits[a]': '1', Digits: '9', mine: 'y' } });
  for (const format of ['kazoo', 'twiml'] as const) {
    const { parameters, warnings } = buildParameters(facts, format, {});
    assert.equal(parameters.get('CallSid'), format === 'twiml' ? 'abc@10.0.0.5' : undefined);
    assert.equal(parameters.get('mine'), 'y');
    assert.ok(!parameters.has('Digits') && !parameters.has('Digits[a]'));
    assert.deepEqual(
      warnings.map((warning) => warning.code),
      Array(3).fill(webhookCodes.variableReserved.code),
    );
  }
});

test('3.5 built-in parameters win over a verb, a verb over variables', () => {
  const facts = factsOf({ variables: { DialCallStatus: 'mine', Extra: 'mine' } });
  const parameters = sent(facts, 'twiml', { CallSid: 'verb', DialCallStatus: 'busy', Extra: 'verb' });
  assert.deepEqual(
    [parameters['CallSid'], parameters['DialCallStatus'], parameters['Extra']],
    ['abc@10.0.0.5', 'busy', 'verb'],
  );
});

test('masked digits tell nothing', () => {
  const masked = maskDigits(buildParameters(factsOf({ collections: { pin: '1234', card: '99' } }), 'kazoo').parameters);
  assert.deepEqual(masked.get('Digits'), { pin: '***', card: '***' });
  assert.equal(maskDigits(buildParameters(factsOf(), 'twiml', { Digits: '1' }).parameters).get('Digits'), '***');
});
