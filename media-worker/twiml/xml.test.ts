import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { MAX_BYTES } from './markup.ts';
import { directText, type ParsedXml, parseXml, type XmlElement } from './xml.ts';

function root(text: string): XmlElement {
  const parsed = parseXml(text);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.root;
}

/** The code and place of a refusal. */
function refusal(text: string): string {
  const parsed = parseXml(text);
  assert.ok(!parsed.ok, `accepted: ${text.slice(0, 80)}`);
  const { line, column } = parsed.fault.place ?? {};
  return `${parsed.fault.code} ${line}:${column}`;
}

/** Name, attributes and children, without places. */
function shape(element: XmlElement): unknown {
  const attributes = Object.fromEntries(element.attributes.map((each) => [each.name, each.value]));
  return [
    element.name,
    attributes,
    ...element.children.map((child) => (child.kind === 'text' ? child.text : shape(child))),
  ];
}

suite('XML: what is accepted (pivot-behaviour 4.3)', () => {
  test('elements, attributes and text, in order', () => {
    assert.deepEqual(shape(root(`<A b="1" c = '2'>x<B/>y<C><D e=""></D></C></A>`)), [
      'A',
      { b: '1', c: '2' },
      'x',
      ['B', {}],
      'y',
      ['C', {}, ['D', { e: '' }]],
    ]);
  });

  test('blank lines and a byte-order mark before the prolog', () => {
    for (const before of ['\n\n', '\ufeff', '\ufeff \r\n\t']) {
      assert.equal(root(`${before}<?xml version="1.0" encoding="UTF-8"?>\n<A/>`).name, 'A');
    }
  });

  test('what follows the root is ignored, with a warning where it is not blank or a comment', () => {
    for (const [after, warnings] of [
      [' \n', 0],
      ['<!-- served by web-3 --> <?php ?>', 0],
      ['Notice: undefined variable', 1],
      ['<br />', 1],
      ['</A>', 1],
      ['<!-- not closed', 1],
      ['& < "', 1],
    ] as const) {
      for (const document of ['<A/>', '<A></A>', '<A>x</A>']) {
        const parsed = parseXml(document + after);
        assert.ok(parsed.ok, document + after);
        assert.equal(parsed.warnings.length, warnings, document + after);
      }
    }
  });

  test('namespaces, comments and processing instructions', () => {
    assert.deepEqual(shape(root('<A xmlns="urn:x"><!-- <B/> & --><?php echo 1 ?>x</A>')), [
      'A',
      { xmlns: 'urn:x' },
      'x',
    ]);
  });

  test('the five named references and numbers, in text and attributes', () => {
    const element = root('<A b="&lt;&#65;&quot;">&amp;&lt;&gt;&quot;&apos;&#8364;&#x1F600;&#0000065;</A>');
    assert.equal(directText(element), `&<>"'€😀A`);
    assert.equal(element.attributes[0]!.value, '<A"');
  });

  test('CDATA is text, references in it are not', () => {
    assert.equal(directText(root('<A> a <![CDATA[& <b> &amp;]]> c </A>')), 'a & <b> &amp; c');
  });

  test('a reference is replaced once only', () => {
    assert.equal(directText(root('<A>&amp;lt; &#38;amp;</A>')), '&lt; &amp;');
  });

  test('line ends become one \\n in text and spaces in attributes', () => {
    const element = root('<A b="x\r\ny\tz">1\r\n2\r3</A>');
    assert.equal(directText(element), '1\n2\n3');
    assert.equal(element.attributes[0]!.value, 'x y z');
  });

  test('names that JavaScript objects have are names like others', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'prototype']) {
      const element = root(`<A ${name}="1"><${name}/><${name}>x</${name}></A>`);
      assert.equal(element.attributes[0]!.name, name);
      assert.deepEqual(
        element.children.map((child) => child.kind === 'element' && child.name),
        [name, name],
      );
    }
  });
});

suite('XML: places', () => {
  test('of elements and attributes, from 1, whatever the line ends', () => {
    const element = root('\ufeff\n<?xml version="1.0"?>\r\n<A\r\n  b="1"\tc="2">\n\n  😀<B d="3"/></A>');
    const inner = element.children.find((child) => child.kind === 'element')!;
    const place = ({ line, column }: { line: number; column: number }): string => `${line}:${column}`;
    assert.equal(place(element), '3:1');
    assert.deepEqual(element.attributes.map(place), ['4:3', '4:9']);
    assert.equal(place(inner), '6:5');
    assert.deepEqual(inner.attributes.map(place), ['6:8']);
  });
});

suite('XML: what is refused (pivot-behaviour 4.3)', () => {
  const rows: readonly (readonly [name: string, text: string, refusal: string])[] = [
    ['nothing', '', 'PV-1301 1:1'],
    ['only text', '\n text', 'PV-1301 2:2'],
    ['text before the root', 'x<A/>', 'PV-1301 1:1'],
    ['only a prolog', '<?xml version="1.0"?>', 'PV-1301 1:1'],
    ['an element that is not closed', '<A>\n<B></A>', 'PV-1301 2:4'],
    ['a root that is not closed', '<A>x', 'PV-1301 1:1'],
    ['a tag that is not closed', '<A>\n<B', 'PV-1301 2:1'],
    ['a quote that is not closed', '<A>\n<B c="x</A>', 'PV-1301 2:1'],
    ['a comment that is not closed', '<A>\n<!-- x</A>', 'PV-1301 2:1'],
    ['CDATA that is not closed', '<A><![CDATA[ x</A>', 'PV-1301 1:4'],
    ['a processing instruction that is not closed', '<A><?php x</A>', 'PV-1301 1:4'],
    ['an attribute without quotes', '<A b=1/>', 'PV-1301 1:4'],
    ['an attribute without value', '<A b/>', 'PV-1301 1:4'],
    ['attributes without space between', '<A b="1"c="2"/>', 'PV-1301 1:9'],
    ['a duplicate attribute', '<A b="1" b="2"/>', 'PV-1301 1:10'],
    ['< in an attribute', '<A b="<"/>', 'PV-1301 1:1'],
    ['a name that is none', '<A><1/></A>', 'PV-1301 1:6'],
    ['a second prolog', '<A><?xml version="1.0"?></A>', 'PV-1301 1:4'],
    ['a prolog after a comment', '<!-- x --><?xml version="1.0"?><A/>', 'PV-1301 1:11'],
    ['a DOCTYPE', '<!DOCTYPE Response><Response/>', 'PV-1303 1:1'],
    ['an HTML page', '\n<!doctype html><html></html>', 'PV-1303 2:1'],
    ['an internal entity', '<!DOCTYPE A [<!ENTITY x "y">]><A>&x;</A>', 'PV-1303 1:1'],
    [
      'an external entity',
      '<?xml version="1.0"?><!DOCTYPE A [<!ENTITY x SYSTEM "file:///etc/passwd">]><A>&x;</A>',
      'PV-1303 1:22',
    ],
    ['a declaration in the root', '<A><!ENTITY x "y"></A>', 'PV-1303 1:4'],
    ['an undeclared entity', '<A>a&nbsp;b</A>', 'PV-1306 1:5'],
    ['an undeclared entity in an attribute', '<A b="&nbsp;"/>', 'PV-1306 1:7'],
    ['a bare &', '<A>a & b</A>', 'PV-1306 1:6'],
    ['a bare & in a URL', '<A>/x?a=1&b=2</A>', 'PV-1306 1:10'],
    ['a bare & in an attribute', '<A\nb="/x?a=1&b=2"/>', 'PV-1306 2:10'],
    ['a number that stands for no character', '<A>&#x110000;</A>', 'PV-1307 1:4'],
    ['a number of half a surrogate pair', '<A>&#xD83D;&#xDE00;</A>', 'PV-1307 1:4'],
    ['a number of NUL', '<A>&#0;</A>', 'PV-1307 1:4'],
    ['a number without end', `<A>&#${'9'.repeat(5000)};</A>`, 'PV-1307 1:4'],
    ['a control character', '<A>\u0007</A>', 'PV-1307 1:4'],
    ['half a surrogate pair', '<A>\ud83d</A>', 'PV-1307 1:4'],
  ];
  for (const [name, text, expected] of rows) test(name, () => assert.equal(refusal(text), expected));

  test('more than 256 KiB', () => {
    assert.equal(refusal(`<A>${'€'.repeat(MAX_BYTES / 3)}</A>`), 'PV-1305 undefined:undefined');
  });

  test('more than 10,000 elements', () => {
    assert.equal(root(`<A>${'<b/>'.repeat(9999)}</A>`).children.length, 9999);
    assert.equal(refusal(`<A>${'<b/>'.repeat(10_000)}</A>`), 'PV-1305 1:40000');
  });

  test('more than 100 elements open at once; 100 are fine', () => {
    const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
    assert.equal(root(nested(100)).name, 'a');
    assert.equal(refusal(nested(101)), 'PV-1304 1:301');
    assert.equal(refusal(nested(10_000)), 'PV-1304 1:301');
  });
});

suite('XML: time and safety', () => {
  /** Texts that make parsers slow, as large as allowed. */
  const hard = (pattern: string, before = '<a>', after = '</a>'): string =>
    before + pattern.repeat(Math.floor((MAX_BYTES - 100) / Buffer.byteLength(pattern))) + after;

  test('texts that are hard for parsers take less than a second', () => {
    for (const text of [
      hard('<!--'),
      hard('<![CDATA['),
      hard('&#'),
      hard('&amp;'),
      hard('b="1" ', '<a ', '/>'),
      hard('b', '<a ', '/>'),
      hard(' ', '<a b', '/>'),
      hard('=', '<a ', '/>'),
      hard('"', '<a ', '/>'),
      hard('<b/>                      '),
      hard('\r\n<b/>                  '),
      hard('<b></b>                   '),
      hard('</a>'),
      hard('<'),
      hard(' ', '<a/>', ''),
      hard('<!-- -->', '<a/>', ''),
      hard('<!--', '<a/>', ''),
      hard('x', '', ''),
      hard(' ', '', ''),
      hard('<![CDATA[x]]>'),
    ]) {
      const before = performance.now();
      parseXml(text);
      const ms = performance.now() - before;
      assert.ok(ms < 1000, `${ms} ms for ${JSON.stringify(text.slice(0, 30))}`);
    }
  });

  const bounded = (parsed: ParsedXml): boolean =>
    parsed.ok ? parsed.warnings.length <= 1 : parsed.fault.message.length < 500;

  test('any text gives a tree or one fault', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => bounded(parseXml(text))));
  });

  test('pieces of XML in any order give a tree or one fault', () => {
    const pieces = [
      '<A',
      '</A',
      '>',
      '/>',
      ' b="1"',
      '"',
      "'",
      '&amp;',
      '&',
      ';',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?',
      '?>',
      '<!',
      'x',
      ' ',
      '\n',
      '=',
      '<A>',
      '</A>',
      '😀',
    ];
    const piece = fc.constantFrom(...pieces);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (list) => bounded(parseXml(list.join('')))),
      { numRuns: 2000 },
    );
  });

  test('what the library’s parser throws at, and its validator lets pass, is a fault like any other', () => {
    const parsed = parseXml(`<?'?><A/>`);
    assert.equal(parsed.ok ? 'ok' : parsed.fault.code, 'PV-1301');
  });

  test('what a writer escapes is read back as it was', () => {
    const escaped = (text: string): string =>
      text.replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
    const character = fc
      .string({ unit: 'grapheme', maxLength: 50 })
      .filter((text) => !/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text));
    fc.assert(
      fc.property(character, character, (attribute, text) => {
        const element = root(`<A b="${escaped(attribute)}">${escaped(text)}</A>`);
        assert.equal(element.attributes[0]!.value, attribute);
        assert.equal(element.children.map((child) => (child.kind === 'text' ? child.text : '')).join(''), text);
      }),
    );
  });
});
