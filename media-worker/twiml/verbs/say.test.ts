import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Sound } from '../../media/sound.ts';
import { type Result, run } from '../testing/scenario.ts';

/** What the call was asked to play first. */
function spoken(result: Result): Sound | undefined {
  return result.log.flatMap((done) => (done.did === 'play' ? [done.sound] : []))[0];
}

async function textOf(verbs: string): Promise<string | undefined> {
  return (await run(verbs)).heard[0];
}

suite('<Say>', () => {
  test('answers, speaks in the call’s language, and goes on', async () => {
    const result = await run('<Say>Hi</Say>');
    assert.deepEqual(
      result.log.map((done) => done.did),
      ['answer', 'play', 'played', 'hangup'],
    );
    assert.deepEqual(spoken(result), { kind: 'speech', text: 'Hi', language: 'en-us' });
  });

  test('voice, language and engine go to the engine; languages are normalised (T3)', async () => {
    const result = await run('<Say voice="Polly.Amy" language="EN_gb" engine="espeak">Hi</Say>');
    assert.deepEqual(spoken(result), {
      kind: 'speech',
      text: 'Hi',
      language: 'en-GB',
      voice: 'Polly.Amy',
      engine: 'espeak',
    });
    assert.deepEqual(result.warnings, []);
  });

  test('language: what is no language tag is a warning and the call’s language', async () => {
    const result = await run('<Say language="!">Hi</Say>');
    assert.deepEqual(spoken(result), { kind: 'speech', text: 'Hi', language: 'en-us' });
    assert.deepEqual(result.warnings, ['PV-1355']);
  });

  test('loop: so many times; 0 until hang-up, at most 1000 times', async () => {
    assert.deepEqual((await run('<Say loop="3">a</Say>')).heard, ['a', 'a', 'a']);
    assert.equal((await run('<Say loop="0">a</Say>', { sounds: { a: 100 } })).heard.length, 1000);
    assert.equal((await run('<Say loop="0">a</Say>', { callerHangsUpAt: 5000 })).heard.length, 3);
  });

  test('loop: negative is 1, too many are 1000, a fraction is rounded, a word is 1; each with a warning (T2)', async () => {
    for (const [loop, times, code] of [
      ['-1', 1, 'PV-1354'],
      ['2000', 1000, 'PV-1354'],
      ['1.6', 2, 'PV-1354'],
      ['twice', 1, 'PV-1355'],
    ] as const) {
      const result = await run(`<Say loop="${loop}">a</Say>`, { sounds: { a: 100 } });
      assert.equal(result.heard.length, times);
      assert.deepEqual(result.warnings, [code]);
    }
  });

  test('terminators: by default any of 0-9*# ends all repetitions (T36), and the key stays typed ahead', async () => {
    const result = await run('<Say loop="5">a</Say><Say>b</Say>', { keys: [[3000, '#']] });
    assert.deepEqual(result.heard, ['a', 'a', 'b']);
    assert.equal(result.ms, 5000);
    assert.equal(result.call.digits.pending, '#');
  });

  test('terminators: only the listed keys; none when empty', async () => {
    assert.equal((await run('<Say terminators="*">a</Say>', { keys: [[500, '1']] })).ms, 2000);
    assert.equal((await run('<Say terminators="*">a</Say>', { keys: [[500, '*']] })).ms, 500);
    assert.equal((await run('<Say terminators="">a</Say>', { keys: [[500, '*']] })).ms, 2000);
  });

  test('terminators: what is no key is dropped with a warning', async () => {
    const result = await run('<Say terminators="1,2">a</Say>', { keys: [[500, '2']] });
    assert.equal(result.ms, 500);
    assert.deepEqual(result.warnings, ['PV-1355']);
  });

  test('white space is collapsed, CDATA and references are text', async () => {
    assert.equal(await textOf('<Say>\r\n  Good\t morning,\n  you </Say>'), 'Good morning, you');
    assert.equal(await textOf('<Say><![CDATA[a < b]]> &amp; &#x1F600;</Say>'), 'a < b & 😀');
  });

  test('without text it is skipped with a warning, and the document goes on', async () => {
    const result = await run('<Say/><Say> \n </Say><Say>b</Say>');
    assert.deepEqual(result.heard, ['b']);
    assert.deepEqual(result.warnings, ['PV-1361', 'PV-1361']);
  });

  test('a text of more than 4000 bytes is cut between characters, with a warning (T37)', async () => {
    const result = await run(`<Say>${'ab€'.repeat(1000)}</Say>`);
    assert.equal(result.heard[0], 'ab€'.repeat(800));
    assert.equal((await run(`<Say>a${'€'.repeat(2000)}</Say>`)).heard[0], `a${'€'.repeat(1333)}`);
    assert.deepEqual(result.warnings, ['PV-1358']);
  });

  test('SSML: the text is spoken', async () => {
    for (const [ssml, text] of [
      ['Hello <emphasis level="strong">dear</emphasis> caller', 'Hello dear caller'],
      ['Wait<break time="1s"/>please', 'Wait, please'],
      ['<p>One</p><p>Two!</p>', 'One. Two!'],
      ['<s>One</s><s>Two.</s>', 'One. Two.'],
      ['the <sub alias="World Wide Web">WWW</sub>', 'the World Wide Web'],
      ['code <say-as interpret-as="spell-out">a1b</say-as>', 'code a 1 b'],
      ['in <say-as interpret-as="date">2026</say-as>', 'in 2026'],
      ['<prosody rate="slow"><lang xml:lang="fr-FR">oui</lang></prosody>', 'oui'],
      ['<phoneme alphabet="ipa" ph="x">tomato</phoneme> <w role="x">read</w>', 'tomato read'],
      ['<amazon:effect name="whispered">psst</amazon:effect>', 'psst'],
      ['<emphasis>Stop</emphasis>! Now<w>read</w>, please', 'Stop! Now read, please'],
      ['a<break/><break/><break/>b<break/>', 'a, b'],
      ['<break/>a', 'a'],
      ['<p>a<break/></p> b', 'a, b'],
      ['Wait... what, .NET,', 'Wait... what, .NET,'],
    ] as const) {
      const result = await run(`<Say>${ssml}</Say>`);
      assert.equal(result.heard[0], text, ssml);
      assert.deepEqual(result.warnings, [], ssml);
    }
  });

  test('SSML goes to engines that read it, written anew of what means something', async () => {
    for (const [given, ssml] of [
      [
        'Hello <emphasis level="strong">dear</emphasis> caller',
        'Hello <emphasis level="strong">dear</emphasis> caller',
      ],
      ['Wait<break time="1.5s"/>please', 'Wait <break time="1500ms"/> please'],
      ['<break time="3600s" strength="weak"/>a', '<break time="10000ms" strength="weak"/> a'],
      ['<p>One</p><s>Two &amp; &lt;three></s>', '<p>One</p><s>Two &amp; &lt;three&gt;</s>'],
      ['the <sub alias="A &quot;B&quot;">C</sub>', 'the A &quot;B&quot;'],
      ['code <say-as interpret-as="digits">12 3</say-as>', 'code 1 2 3'],
      [
        '<prosody rate="85%" pitch="low" volume="+6dB">a</prosody>',
        '<prosody rate="85%" pitch="low" volume="+6dB">a</prosody>',
      ],
      ['<prosody rate="sideways">a</prosody>', 'a'],
      ['<lang xml:lang="fr-FR">oui</lang>', '<lang xml:lang="fr-FR">oui</lang>'],
      ['<phoneme alphabet="ipa" ph="x">tomato</phoneme> <w role="x">read</w>', 'tomato read'],
      ['a <b>c</b><break/><audio src="file:///etc/passwd">d</audio>', 'a c <break/> d'],
    ] as const) {
      const { log } = await run(`<Say>${given}</Say>`);
      const sound = log.flatMap((done) => (done.did === 'play' ? [done.sound] : []))[0];
      assert.equal(sound?.kind === 'speech' ? sound.ssml : undefined, ssml, given);
    }
    const plain = await run('<Say>a <b>b</b> <![CDATA[<break/>]]></Say>');
    assert.ok(plain.log.every((done) => done.did !== 'play' || !('ssml' in done.sound)));
  });

  test('SSML attributes that are misspelt, or say nothing, are warnings with a suggestion and a place', async () => {
    const { faults } = await run(
      '<Say><break tme="1s"/><break time="soon"/><prosody rat="slow">a</prosody><emphasis level="strnog">b</emphasis><brek/></Say>',
    );
    assert.deepEqual(
      faults.map(({ code }) => code),
      ['PV-1357', 'PV-1352', 'PV-1355', 'PV-1352', 'PV-1355'],
    );
    assert.match(faults[0]!.message, /<brek> .*Did you mean <break>\?/);
    assert.match(faults[1]!.message, /"tme".*Did you mean time\?/);
    assert.match(faults[3]!.message, /"rat".*Did you mean rate\?/);
    assert.ok(faults.every(({ place }) => place?.line === 2 && place.column !== undefined));
  });

  test('another nested element is a warning, and its text is spoken', async () => {
    const result = await run('<Say>a <b>bold <i>word</i></b></Say>');
    assert.deepEqual(result.heard, ['a bold word']);
    assert.deepEqual(result.warnings, ['PV-1357', 'PV-1357']);
  });

  test('a hang-up ends it at once', async () => {
    const result = await run('<Say>a</Say><Say>b</Say>', { callerHangsUpAt: 700 });
    assert.deepEqual(result.outcome, { kind: 'call ended', reason: { side: 'caller', cause: 'NORMAL_CLEARING' } });
    assert.deepEqual(result.heard, ['a']);
    assert.equal(result.ms, 700);
  });
});
