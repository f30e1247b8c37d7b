import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { formatFault } from '../../crds/errors/fault.ts';
import { parseTwiml } from './parse.ts';
import { anyElement } from './testing/any-element.ts';
import { SKIPPED_VERBS } from './verbs/skipped.ts';

/** Verbs, or faults, and warnings, as `pivot validate` prints them. */
function read(text: string, strict = false): { verbs: string[]; faults: string[]; warnings: string[] } {
  const parsed = parseTwiml(text, { strict });
  return {
    verbs: parsed.ok ? parsed.document.verbs.map((verb) => verb.verb) : [],
    faults: parsed.ok ? [] : parsed.faults.map(formatFault),
    warnings: parsed.warnings.map(formatFault),
  };
}

suite('a TwiML document', () => {
  test('is its verbs in order, as typed values with their places', () => {
    const parsed = parseTwiml('<Response>\n  <Pause length="2"/>\n  <Hangup/>\n</Response>', { strict: true });
    assert.deepEqual(parsed, {
      ok: true,
      document: {
        verbs: [
          { verb: 'Pause', length: 2, line: 2, column: 3 },
          { verb: 'Hangup', line: 3, column: 3 },
        ],
      },
      warnings: [],
    });
  });

  test('has the root <Response>, exactly so; a namespace is fine', () => {
    assert.deepEqual(read('<response/>').faults, ['1:1 PV-1302 The root element is <response>, not <Response>.']);
    assert.deepEqual(read('<html><body/></html>').faults, ['1:1 PV-1302 The root element is <html>, not <Response>.']);
    const namespaced = '<Response xmlns="urn:x" xmlns:xsi="urn:y" xsi:schemaLocation="z"><Hangup/></Response>';
    assert.deepEqual(read(namespaced), { verbs: ['Hangup'], faults: [], warnings: [] });
  });

  test('may be empty', () => {
    for (const text of ['<Response/>', '<Response></Response>', '<Response> <!-- nothing --> </Response>']) {
      assert.deepEqual(read(text), { verbs: [], faults: [], warnings: [] });
    }
  });

  test('is refused when it is not XML, with the place', () => {
    assert.deepEqual(read('<Response>\n<Say>Tom & Jerry</Say></Response>').faults, [
      '2:10 PV-1306 A bare & is not allowed; write &amp;.',
    ]);
    assert.deepEqual(read('<!DOCTYPE html><html/>').faults, ['1:1 PV-1303 The answer is an HTML page, not TwiML.']);
  });
});

suite('warnings', () => {
  test('an unknown verb is skipped, with a suggestion when one is near (T1)', () => {
    const { verbs, warnings } = read(
      '<Response><say>a</say><Gatter/><Zebra/><constructor/><toString/><Say>b</Say></Response>',
    );
    assert.deepEqual(verbs, ['Say']);
    assert.deepEqual(warnings, [
      '1:11 PV-1350 There is no verb "say"; it was skipped. Did you mean <Say>?',
      '1:23 PV-1350 There is no verb "Gatter"; it was skipped. Did you mean <Gather>?',
      '1:32 PV-1350 There is no verb "Zebra"; it was skipped.',
      '1:40 PV-1350 There is no verb "constructor"; it was skipped.',
      '1:54 PV-1350 There is no verb "toString"; it was skipped.',
    ]);
  });

  test('a verb of Twilio that is not run yet is skipped', () => {
    for (const name of Object.keys(SKIPPED_VERBS)) {
      const { verbs, warnings } = read(`<Response><${name}>x</${name}><Hangup/></Response>`);
      assert.deepEqual(verbs, ['Hangup']);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, /^1:11 PV-1351 /);
    }
  });

  test('a noun in the place of a verb is skipped, and its verb named', () => {
    assert.deepEqual(read('<Response><Number>1</Number></Response>').warnings, [
      '1:11 PV-1359 <Number> belongs into <Dial>; it was skipped.',
    ]);
  });

  test('an unknown or misspelt attribute is ignored, with a suggestion when one is near', () => {
    const { verbs, warnings } = read('<Response>\n<Gather numdigits="1" colour="red"/>\n</Response>');
    assert.deepEqual(verbs, ['Gather']);
    assert.deepEqual(warnings, [
      '2:9 PV-1352 <Gather> has no attribute "numdigits"; it was ignored. Did you mean numDigits?',
      '2:23 PV-1352 <Gather> has no attribute "colour"; it was ignored.',
    ]);
  });

  test('a value out of range is clamped (T2)', () => {
    assert.deepEqual(read('<Response><Pause length="9999"/></Response>').warnings, [
      '1:18 PV-1354 length="9999" is more than 3600; 3600 is taken.',
    ]);
  });

  test('text between verbs, and anything after the root, is ignored', () => {
    const { verbs, warnings } = read('<Response>x<Hangup/></Response>y');
    assert.deepEqual(verbs, ['Hangup']);
    assert.deepEqual(warnings, [
      '1:32 PV-1362 What stands after the root element is ignored.',
      '1:1 PV-1360 The text "x" in <Response> was skipped.',
    ]);
  });

  test('are at most 100, and a last one that says so', () => {
    const { warnings } = read(`<Response>${'<Foo/>'.repeat(5000)}</Response>`);
    assert.equal(warnings.length, 101);
    assert.match(warnings[100]!, /PV-1366/);
  });
});

suite('strict', () => {
  test('warnings refuse the document', () => {
    const { faults, warnings } = read('<Response>\n<Foo/><Pause length="x"/></Response>', true);
    assert.deepEqual(faults, [
      '2:1 PV-1309 The callflow is strict and the document has 2 warnings; the first is PV-1350: There is no verb "Foo"; it was skipped.',
      '2:1 PV-1350 There is no verb "Foo"; it was skipped.',
      '2:14 PV-1355 length="x" is not a number; 1 is taken.',
    ]);
    assert.equal(warnings.length, 2);
    const parsed = parseTwiml('<Response><Foo/></Response>', { strict: true });
    assert.ok(!parsed.ok && parsed.faults.every((fault) => fault.severity === 'error'));
  });

  test('a document without warnings runs', () => {
    assert.deepEqual(read('<Response><Say>a</Say></Response>', true).verbs, ['Say']);
  });
});

suite('whatever comes', () => {
  test('well-formed TwiML of any verbs, attributes and nesting is read, or refused for a <Redirect> only', () => {
    fc.assert(
      fc.property(fc.array(anyElement, { maxLength: 5 }), (elements) => {
        const parsed = parseTwiml(`<Response>${elements.join('')}</Response>`, { strict: false });
        if (!parsed.ok)
          assert.ok(
            parsed.faults.every((fault) => fault.code === 'PV-1308'),
            JSON.stringify(parsed),
          );
        assert.ok(
          parsed.warnings.every((warning) => warning.place?.line !== undefined && warning.message.length < 400),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('strict and lenient agree: strict accepts exactly the documents without warnings', () => {
    fc.assert(
      fc.property(fc.array(anyElement, { maxLength: 2 }), (elements) => {
        const text = `<Response>${elements.join('')}</Response>`;
        const lenient = parseTwiml(text, { strict: false });
        const strict = parseTwiml(text, { strict: true });
        assert.equal(strict.ok, lenient.ok && lenient.warnings.length === 0);
        assert.deepEqual(strict.warnings, lenient.warnings);
      }),
    );
  });

  test('documents that are hard to read take less than a second', () => {
    for (const pattern of ['a<break/>', '<p>', '<Say>a</Say>', '<Foo a="1"/>', '<s>a</s> ,', ' .', '<sub alias=""/>']) {
      const count = Math.min(9990, Math.floor(260_000 / pattern.length));
      for (const text of [
        `<Response><Say>${pattern.repeat(count)}</Say></Response>`,
        `<Response>${pattern.repeat(count)}</Response>`,
      ]) {
        const before = performance.now();
        parseTwiml(text, { strict: false });
        const ms = performance.now() - before;
        assert.ok(ms < 1000, `${ms} ms for ${pattern}`);
      }
    }
  });

  test('any text gives a document or faults', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const parsed = parseTwiml(text, { strict: false });
        assert.ok(parsed.ok || parsed.faults.length > 0);
      }),
    );
  });
});
