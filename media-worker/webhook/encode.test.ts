import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../crds/callflow/node.ts';
import { encodeForm, encodeJson, encodeRequest, formPairs, mergeQuery } from './encode.ts';

const form = (entries: readonly (readonly [string, Json])[]): string => encodeForm(formPairs(new Map(entries)));

test('11.2 value `a b&c=d+é`: a+b%26c%3Dd%2B%C3%A9', () => {
  assert.equal(form([['v', 'a b&c=d+é']]), 'v=a+b%26c%3Dd%2B%C3%A9');
});

test('3.7 shapes: lists, objects, lists in objects, booleans, numbers, nothing for what is empty', () => {
  assert.equal(form([['a', [1, 'b', true]]]), 'a[]=1&a[]=b&a[]=true');
  assert.equal(form([['a', { b: { c: 'd' }, e: ['f'] }]]), 'a[b][c]=d&a[e][]=f');
  assert.equal(
    form([
      ['x', {}],
      ['y', []],
      ['z', 1],
    ]),
    'z=1',
  );
});

test('3.7 TARGET what has no form is JSON: null, lists and objects in lists', () => {
  assert.equal(
    form([
      ['a', null],
      ['b', [[1], { c: 1 }, null]],
    ]),
    'a=null&b[]=%5B1%5D&b[]=%7B%22c%22%3A1%7D&b[]=null',
  );
});

test('3.7 TARGET names are escaped, brackets stay', () => {
  assert.equal(
    form([
      ['a b&=', 'x'],
      ['é[ü]', 'y'],
    ]),
    'a+b%26%3D=x&%C3%A9[%C3%BC]=y',
  );
});

test("3.7 letters, digits, . - ~ _ stay; every other byte is %XX in upper case, !'()* among them", () => {
  assert.equal(form([['v', "Az09.-~_!'()*/ü"]]), 'v=Az09.-~_%21%27%28%29%2A%2F%C3%BC');
});

test('11.2 GET, http://h/p?lang=de#z: query starts lang=de&, fragment not sent', () => {
  assert.equal(mergeQuery('http://h/p?lang=de#z', [['a', '1']]), 'http://h/p?lang=de&a=1');
  assert.equal(mergeQuery('http://h/p#z?x', [['a', '1']]), 'http://h/p?a=1');
  assert.equal(mergeQuery('http://h/p?', [['a', '1']]), 'http://h/p?a=1');
  assert.equal(mergeQuery('http://h/p?x&', [['a', '1']]), 'http://h/p?x&a=1');
  assert.equal(mergeQuery('http://h/p#z', []), 'http://h/p');
});

test('11.4 <Redirect method="GET">/n?Digits=TIMEOUT</Redirect>: exactly one Digits', () => {
  const pairs = [
    ['Digits', '12'],
    ['Digits[x]', '1'],
    ['a', '1'],
  ] as const;
  assert.equal(mergeQuery('http://h/n?Digits=TIMEOUT', pairs), 'http://h/n?Digits=TIMEOUT&a=1');
  assert.equal(mergeQuery('http://h/n?a=b&Digits', pairs), 'http://h/n?a=b&Digits&a=1');
  assert.equal(mergeQuery('http://h/n?MyDigits=1', pairs), 'http://h/n?MyDigits=1&Digits=12&Digits[x]=1&a=1');
});

test('11.2 GET with req_body_format json: still a query string', () => {
  const encoded = encodeRequest('GET', 'http://h/p', new Map([['a', { b: '1' }]]), 'json');
  assert.deepEqual(encoded, { url: 'http://h/p?a[b]=1', body: undefined, contentType: undefined, form: [] });
});

test('3.1 POST leaves the URL as it is', () => {
  const parameters = new Map<string, Json>([
    ['a', { b: '1' }],
    ['n', 7],
  ]);
  assert.deepEqual(encodeRequest('POST', 'http://h/p?Digits=1#f', parameters, 'json'), {
    url: 'http://h/p?Digits=1',
    body: '{"a":{"b":"1"},"n":7}',
    contentType: 'application/json',
    form: [],
  });
  assert.equal(encodeRequest('POST', 'http://h/p', parameters, 'form').body, 'a[b]=1&n=7');
});

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => text !== '__proto__');

test('property: a web server that parses the form reads what was put in', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, fc.string({ unit: 'grapheme' })), { selector: ([key]) => key }),
      (entries) => {
        const read = [...new URLSearchParams(form(entries))];
        assert.deepEqual(
          read,
          entries.map(([key, value]) => [key, value]),
        );
      },
    ),
  );
});

test('property: any JSON value gives a form of unescaped ASCII without empty pairs, and never throws', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const text = form(Object.entries(object) as [string, Json][]);
      assert.match(text, /^([\w.~%[\]+-]*=[\w.~%+-]*(&(?!$)|$))*$/);
      assert.deepEqual(
        JSON.parse(encodeJson(new Map(Object.entries(object) as [string, Json][]))),
        JSON.parse(JSON.stringify(object)),
      );
    }),
  );
});

test('property: half a surrogate pair is replaced, not thrown at', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(new URLSearchParams(form([['v', text]])).get('v'), text.toWellFormed());
      assert.doesNotThrow(() => form([[`${text}x`, '1']]));
    }),
  );
});

test('property: a merged query keeps the URL and adds the pairs', () => {
  const pair = fc.tuple(
    name.filter((text) => !text.startsWith('Digits')),
    fc.string({ unit: 'grapheme' }),
  );
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.array(pair), (url, pairs) => {
      const merged = new URL(mergeQuery(url, pairs));
      const before = new URL(url);
      assert.equal(merged.hash, '');
      assert.equal(merged.pathname, before.pathname);
      assert.deepEqual([...merged.searchParams], [...before.searchParams, ...pairs]);
    }),
  );
});
