import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import { type Dispatched, dispatchResponse } from './dispatch.ts';

const TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response><Say>Hi</Say></Response>';
const FLOW = '{"module":"tts","data":{"text":"x"}}';

function dispatch(contentType: string | undefined, body: string | Buffer, status = 200, strict = false): Dispatched {
  return dispatchResponse({ status, contentType, body: Buffer.from(body) }, { strict });
}

function format(dispatched: Dispatched): string {
  return dispatched.ok ? dispatched.body.format : dispatched.fault.code;
}

for (const [row, type, body, expected] of [
  ['200 text/xml; charset=utf-8, valid TwiML: TwiML', 'text/xml; charset=utf-8', TWIML, 'twiml'],
  ['200 Application/JSON, valid node: callflow', 'Application/JSON', FLOW, 'callflow'],
  ['200 text/html, TwiML: TwiML', 'text/html', TWIML, 'twiml'],
  ['200 text/plain, {"module":"tts",…}: callflow', 'text/plain', FLOW, 'callflow'],
  ['200 no type, TwiML: TwiML', undefined, TWIML, 'twiml'],
  ['200 application/json, TwiML: failed exchange', 'application/json', TWIML, webhookCodes.jsonLooksLikeXml.code],
  ['200 text/xml, <response/>: failed exchange', 'text/xml', '<response/>', webhookCodes.badTwiml.code],
  ['200 empty: failed exchange', 'text/xml', '', webhookCodes.emptyBody.code],
  [
    'JSON {"module":"nope","data":{}}: failed exchange',
    'application/json',
    '{"module":"nope","data":{}}',
    webhookCodes.badCallflow.code,
  ],
  ['JSON {"flow":{…}}: runs + warning', 'application/json', `{"flow":${FLOW}}`, 'callflow'],
  [
    'XML with DOCTYPE entity: failed exchange',
    'text/xml',
    '<!DOCTYPE r [<!ENTITY a "b">]><Response><Say>&a;</Say></Response>',
    webhookCodes.badTwiml.code,
  ],
  ['<Response/>: no error', 'text/xml', '<Response/>', 'twiml'],
] as const) {
  test(`11.3 ${row}`, () => assert.equal(format(dispatch(type, body)), expected));
}

test('11.3 application/json, TwiML: the reason is "declared json, looks like xml"', () => {
  const dispatched = dispatch('application/json', TWIML);
  assert.match(dispatched.ok ? '' : dispatched.fault.message, /declared json.*looks like xml/);
});

test('11.3 {"module":"nope"}: the error path is module', () => {
  const dispatched = dispatch('application/json', '{"module":"nope","data":{}}');
  assert.equal(!dispatched.ok && dispatched.fault.place?.pointer, '/module');
  assert.equal(!dispatched.ok && dispatched.details.length, 1);
});

test('11.3 {"flow":…}: warned about', () => {
  const dispatched = dispatch('application/json', `{"flow":${FLOW}}`);
  assert.equal(dispatched.ok && dispatched.body.warnings.length, 1);
});

test('4.2 types: +xml and +json, letter case, spaces, repetition of the charset', () => {
  for (const type of [
    'application/xml',
    'APPLICATION/TWIML+XML',
    'application/atom+xml',
    ' text/xml ;charset="UTF-8"',
    'text/xml;',
  ]) {
    assert.equal(format(dispatch(type, TWIML)), 'twiml', type);
    assert.equal(format(dispatch(type, FLOW)), webhookCodes.xmlLooksLikeJson.code, type);
  }
  for (const type of ['text/json', 'application/vnd.x+json', 'application/problem+JSON; a=b']) {
    assert.equal(format(dispatch(type, FLOW)), 'callflow', type);
    assert.equal(format(dispatch(type, TWIML)), webhookCodes.jsonLooksLikeXml.code, type);
  }
  for (const type of [undefined, '', 'text/html; charset=utf-8', 'nonsense', 'application/octet-stream']) {
    assert.equal(format(dispatch(type, ` \r\n${TWIML}`)), 'twiml');
    assert.equal(format(dispatch(type, `\n\t${FLOW}`)), 'callflow');
    assert.equal(format(dispatch(type, 'Warning: mysql_connect()')), webhookCodes.unknownType.code);
    assert.equal(format(dispatch(type, '[]')), webhookCodes.unknownType.code);
  }
});

test('4.2 types: what is no text is told by its type, not by its charset', () => {
  const picture = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe]);
  for (const type of ['image/png', 'application/octet-stream', 'audio/mpeg']) {
    assert.equal(format(dispatch(type, picture)), webhookCodes.unknownType.code, type);
  }
  for (const type of ['text/html', 'text/xml', 'application/json', undefined]) {
    assert.equal(format(dispatch(type, picture)), webhookCodes.badText.code, type);
  }
});

test('4.2 charsets: UTF-8, US-ASCII, ISO-8859-1, by header, byte-order mark or XML declaration', () => {
  const umlaut = '<Response><Say>ü</Say></Response>';
  const latin1 = Buffer.from(umlaut, 'latin1');
  assert.equal(format(dispatch('text/xml', umlaut)), 'twiml');
  assert.equal(format(dispatch('text/xml', `\ufeff${umlaut}`)), 'twiml');
  assert.equal(format(dispatch('application/json; charset=iso-8859-1', `\ufeff${FLOW}`)), 'callflow');
  assert.equal(format(dispatch('text/xml; charset=ISO-8859-1', latin1)), 'twiml');
  const declared = Buffer.concat([Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?>'), latin1]);
  assert.equal(format(dispatch('text/xml', declared)), 'twiml');
  assert.equal(format(dispatch('text/xml; charset=utf-8', declared)), webhookCodes.badText.code);
  assert.equal(format(dispatch('text/xml', latin1)), webhookCodes.badText.code);
  assert.equal(format(dispatch('text/xml; charset=us-ascii', umlaut)), webhookCodes.badText.code);
  assert.equal(format(dispatch('text/xml; charset=us-ascii', TWIML)), 'twiml');
  assert.equal(format(dispatch('text/xml; charset=utf-16', TWIML)), webhookCodes.charset.code);
  assert.equal(format(dispatch('text/xml', Buffer.from(`\ufeff${TWIML}`, 'utf16le'))), webhookCodes.charset.code);
  assert.equal(format(dispatch('text/xml; charset=constructor', TWIML)), webhookCodes.charset.code);
});

test('4.1 statuses: 200 to 203 with a body are successes, nothing else', () => {
  for (const status of [200, 201, 202, 203]) assert.equal(format(dispatch('text/xml', TWIML, status)), 'twiml');
  const { noContent, statusOther, statusRedirect, statusClient, statusServer } = webhookCodes;
  for (const [status, entry] of [
    [204, noContent],
    [205, noContent],
    [206, statusOther],
    [299, statusOther],
    [300, statusRedirect],
    [304, statusRedirect],
    [400, statusClient],
    [404, statusClient],
    [499, statusClient],
    [500, statusServer],
    [503, statusServer],
    [600, statusOther],
    [999, statusOther],
  ] as const) {
    assert.equal(format(dispatch('text/xml', TWIML, status)), entry.code, String(status));
  }
});

test('white space alone is an empty body', () => {
  for (const body of [' ', '\r\n\t ', '\ufeff', '\ufeff \n']) {
    assert.equal(format(dispatch('text/xml', body)), webhookCodes.emptyBody.code);
    assert.equal(format(dispatch(undefined, body)), webhookCodes.emptyBody.code);
  }
});

test('an invalid document is told with code, place and how many faults there are', () => {
  const dispatched = dispatch('application/json', '{"module":"nope","data":{},"children":{"_":{"module":"nope"}}}');
  assert.ok(!dispatched.ok);
  assert.match(dispatched.fault.message, /PV-11\d\d .*\(and 1 more\)/);
  const broken = dispatch('application/json', '{"module": tts}');
  assert.ok(!broken.ok && broken.jsonError !== undefined);
  assert.match(broken.fault.message, /at 1:12/);
});

test('callflows in an answer may name loopback hosts: the address policy judges when they are asked', () => {
  assert.equal(
    format(dispatch('application/json', '{"module":"pivot","data":{"voice_url":"http://127.0.0.1/x"}}')),
    'callflow',
  );
});

test('strict: what would be skipped with a warning refuses the document', () => {
  const unknown = '<Response><Foo/><Say>x</Say></Response>';
  const lenient = dispatch('text/xml', unknown);
  assert.ok(lenient.ok && lenient.body.warnings.length > 0);
  assert.equal(format(dispatch('text/xml', unknown, 200, true)), webhookCodes.badTwiml.code);
});

test('property: no response makes it throw', () => {
  const types = fc.option(
    fc.oneof(fc.string(), fc.constantFrom('text/xml', 'application/json', 'text/html;charset=latin1')),
    { nil: undefined },
  );
  const bodies = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: 'binary' }).map((text) => Buffer.from(`<Response>${text}`)),
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify({ module: 'tts', data: value }))),
  );
  fc.assert(
    fc.property(types, bodies, fc.integer({ min: 100, max: 999 }), (contentType, body, status) => {
      const dispatched = dispatchResponse({ status, contentType, body }, { strict: false });
      assert.ok(dispatched.ok || /^PV-12\d\d$/.test(dispatched.fault.code));
    }),
  );
});
