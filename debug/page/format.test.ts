import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { curlOf } from './curl.js';
import { format, kindOf } from './format.js';

const lines = (body: string, kind: 'xml' | 'json' | 'form' | 'text'): string[] =>
  format(body, kind)
    .map(({ text }) => text)
    .join('')
    .split('\n');

describe('a body', () => {
  it('is what its content type says, else what it looks like', () => {
    assert.equal(kindOf('<Response/>', 'text/xml; charset=utf-8'), 'xml');
    assert.equal(kindOf('<Response/>', 'application/xml'), 'xml');
    assert.equal(kindOf('a=1', 'application/x-www-form-urlencoded'), 'form');
    assert.equal(kindOf('{}', 'application/vnd.x+json'), 'json');
    assert.equal(kindOf('  <Response/>', 'text/plain'), 'xml');
    assert.equal(kindOf('[1]'), 'json');
    assert.equal(kindOf('oops', 'text/html'), 'text');
  });

  it('of XML is indented; an element with text alone stays on its line', () => {
    const xml =
      '<?xml version="1.0"?><Response><Gather action="/a?b=1&amp;c=>" numDigits=\'1\'><Say>Hi <x/></Say></Gather><!-- c --><Hangup/></Response>';
    assert.deepEqual(lines(xml, 'xml'), [
      '<?xml version="1.0"?>',
      '<Response>',
      '  <Gather action="/a?b=1&amp;c=>" numDigits=\'1\'>',
      '    <Say>Hi ',
      '      <x/>',
      '    </Say>',
      '  </Gather>',
      '  <!-- c -->',
      '  <Hangup/>',
      '</Response>',
    ]);
  });

  it('of XML that is indented already is not indented twice', () => {
    const once = lines('<a><b>x</b><c/></a>', 'xml');
    assert.deepEqual(lines(once.join('\n'), 'xml'), once);
  });

  it('that is no well-formed XML or JSON is shown as it is', () => {
    for (const body of ['<a><b></a>', '</a>', '<a', 'a < b', '<a b="></a>'])
      assert.deepEqual(lines(body, 'xml'), [body]);
    for (const body of ['{"a":}', '{"a":1}x', '']) assert.deepEqual(lines(body, 'json'), [body]);
  });

  it('of JSON is indented, and its words stay as they were sent', () => {
    assert.deepEqual(lines('{"a":1.50,"a":[],"b":{"c":"x\\"{,"},"d":[1e5,null]}', 'json'), [
      '{',
      '  "a": 1.50,',
      '  "a": [],',
      '  "b": {',
      '    "c": "x\\"{,"',
      '  },',
      '  "d": [',
      '    1e5,',
      '    null',
      '  ]',
      '}',
    ]);
  });

  it('never loses or gains anything but white space', () => {
    const bare = (text: string): string => text.replace(/\s/g, '');
    fc.assert(
      fc.property(fc.json(), (body) => bare(lines(body, 'json').join('')) === bare(body)),
      { numRuns: 300 },
    );
    const part = fc.constantFrom(
      '<a>',
      '</a>',
      '<b x="1">',
      '</b>',
      '<c/>',
      'text',
      ' ',
      '<!--n-->',
      '<![CDATA[<]]>',
      '<',
      '"',
      '&',
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => bare(lines(parts.join(''), 'xml').join('')) === bare(parts.join(''))),
      { numRuns: 1000 },
    );
  });

  it('of hostile length and depth is formatted in no time', () => {
    const started = performance.now();
    for (const body of ['<a>'.repeat(5000), '<'.repeat(16_000), '<a '.repeat(5000), `<a b="${'x'.repeat(16_000)}`])
      format(body, 'xml');
    for (const body of ['['.repeat(16_000), `${'['.repeat(5000)}${']'.repeat(5000)}`]) format(body, 'json');
    assert.ok(performance.now() - started < 1500);
  });
});

describe('a request as a line for the shell', () => {
  const exchange = { id: '', iteration: 1, timestamp: '', index: 0, node: '', method: 'post', uri: "http://a/b?c='d'" };

  it('quotes everything, so that nothing in it is run', () => {
    const line = curlOf({
      ...exchange,
      req_body: "x='; rm -rf ~ '",
      req_headers: { 'X-A': '$(reboot)', Host: 'a', 'X-B': ['1', '2'] },
    });
    assert.equal(
      line,
      `curl -i -X POST 'http://a/b?c='\\''d'\\''' -H 'X-A: $(reboot)' -H 'X-B: 1' -H 'X-B: 2' --data-raw 'x='\\''; rm -rf ~ '\\'''`,
    );
  });

  it('without headers and body is the URL', () => {
    assert.equal(curlOf({ ...exchange, uri: 'http://a/', method: 'get' }), "curl -i -X GET 'http://a/'");
  });
});
