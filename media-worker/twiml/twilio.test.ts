import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { suite, test } from 'node:test';
import twilio from 'twilio';
import type { CalledNoun } from './nouns/called.ts';
import type { ConferenceNoun } from './nouns/conference.ts';
import { parseTwiml, type Verb } from './parse.ts';

type Builder = InstanceType<typeof twilio.twiml.VoiceResponse>;

/** What Twilio's own library writes for a document, as we read it: verbs without their places, and the codes of the warnings. */
function written(build: (response: Builder) => void): { verbs: Record<string, unknown>[]; warnings: string[] } {
  const response = new twilio.twiml.VoiceResponse();
  build(response);
  const parsed = parseTwiml(response.toString(), { strict: false });
  assert.ok(parsed.ok, response.toString());
  return { verbs: parsed.document.verbs.map(given), warnings: parsed.warnings.map((warning) => warning.code) };
}

/** A verb without its place and without what is undefined. */
function given(verb: Verb): Record<string, unknown> {
  const prompt = verb.verb === 'Gather' ? { prompt: verb.prompt.map(given) } : {};
  const all = { ...verb, ...prompt, line: undefined, column: undefined };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

const TERMINATORS = '0123456789*#';

/** The attributes that an interface of Twilio's declarations has. */
function attributesIn(name: string): readonly string[] {
  const [, body = ''] = new RegExp(`interface ${name} \\{([^}]*)\\}`).exec(DECLARATIONS) ?? [];
  return [...body.matchAll(/^\s+(?:"([\w:-]+)"|'([\w:-]+)'|(\w+))\?:/gm)].map(([, a, b, c]) => a ?? b ?? c ?? '');
}

const DECLARATIONS = readFileSync(
  createRequire(import.meta.url).resolve('twilio/lib/twiml/VoiceResponse.d.ts'),
  'utf8',
);

type Attributes = Record<string, string>;

/** How Twilio's library writes each verb and noun that runs, and its interface of attributes. */
const WRITTEN: readonly (readonly [what: string, attributes: string, write: (r: Builder, a: Attributes) => void])[] = [
  ['Say', 'SayAttributes', (r, a) => r.say(a, 'x')],
  ['Play', 'PlayAttributes', (r, a) => r.play(a, 'x.mp3')],
  ['Pause', 'PauseAttributes', (r, a) => r.pause(a)],
  ['Gather', 'GatherAttributes', (r, a) => r.gather(a as object)],
  ['Record', 'RecordAttributes', (r, a) => r.record(a as object)],
  ['Dial', 'DialAttributes', (r, a) => r.dial(a as object, '+14155550100')],
  ['Number', 'NumberAttributes', (r, a) => r.dial().number(a as object, '+14155550100')],
  ['Sip', 'SipAttributes', (r, a) => r.dial().sip(a as object, 'sip:a@b.example')],
  ['Conference', 'ConferenceAttributes', (r, a) => r.dial().conference(a as object, 'team')],
  ['Queue', 'QueueAttributes', (r, a) => r.dial().queue(a, 'q')],
  ['Enqueue', 'EnqueueAttributes', (r, a) => r.enqueue(a as object, 'q')],
  ['Redirect', 'RedirectAttributes', (r, a) => r.redirect(a, '/x')],
  ['Refer', 'ReferAttributes', (r, a) => r.refer(a).sip('sip:a@b.example')],
  ['Reject', 'RejectAttributes', (r, a) => r.reject(a as object)],
  ['break', 'SsmlBreakAttributes', (r, a) => r.say('x').break(a as object)],
  ['emphasis', 'SsmlEmphasisAttributes', (r, a) => r.say('x').emphasis(a as object, 'x')],
  ['lang', 'SsmlLangAttributes', (r, a) => r.say('x').lang(a as object, 'x')],
  ['phoneme', 'SsmlPhonemeAttributes', (r, a) => r.say('x').phoneme(a as object, 'x')],
  ['prosody', 'SsmlProsodyAttributes', (r, a) => r.say('x').prosody(a as object, 'x')],
  ['say-as', 'SsmlSayAsAttributes', (r, a) => r.say('x').sayAs(a as object, 'x')],
  ['sub', 'SsmlSubAttributes', (r, a) => r.say('x').sub(a as object, 'x')],
  ['w', 'SsmlWAttributes', (r, a) => r.say('x').w(a as object, 'x')],
];

suite('every attribute that Twilio’s library can write is known', () => {
  for (const [what, declared, write] of WRITTEN) {
    test(`<${what}>`, () => {
      for (const name of attributesIn(declared)) {
        const { warnings } = written((response) => write(response, { [name]: 'x' }));
        assert.ok(!warnings.includes('PV-1352'), `${name} of <${what}> is unknown`);
      }
      const { warnings } = written((response) => write(response, { nosuch: 'x' }));
      assert.ok(warnings.includes('PV-1352'), 'and one that there is not is found');
    });
  }

  test('and so is every verb', () => {
    const response = new twilio.twiml.VoiceResponse();
    const verbs = Object.getOwnPropertyNames(Object.getPrototypeOf(response)).filter(
      (name) => name !== 'constructor' && !name.startsWith('comment'),
    );
    assert.ok(verbs.includes('say') && verbs.includes('refer'), verbs.join(' '));
    for (const name of verbs) {
      const { warnings } = written((one) => (one as unknown as Record<string, (text: string) => void>)[name]!('x'));
      assert.ok(!warnings.includes('PV-1350'), name);
    }
  });
});

suite('documents written by Twilio’s library', () => {
  test('<Say>', () => {
    const { verbs, warnings } = written((response) => {
      response.say('Hello');
      response.say({ voice: 'Polly.Amy', language: 'en-GB', loop: 2 }, 'Tom & "Jerry" <3 €');
    });
    assert.deepEqual(verbs, [
      { verb: 'Say', loop: 1, terminators: TERMINATORS, text: 'Hello' },
      {
        verb: 'Say',
        voice: 'Polly.Amy',
        language: 'en-GB',
        loop: 2,
        terminators: TERMINATORS,
        text: 'Tom & "Jerry" <3 €',
      },
    ]);
    assert.deepEqual(warnings, []);
  });

  test('<Say> with every SSML element', () => {
    const { verbs, warnings } = written((response) => {
      const say = response.say({ voice: 'Polly.Joanna' }, 'Hi');
      say.break({ strength: 'x-weak', time: '100ms' });
      say.emphasis({ level: 'moderate' }, 'words to emphasize');
      say.p('a paragraph');
      say.phoneme({ alphabet: 'x-sampa', ph: 'pɪˈkɑːn' }, 'pecan');
      say.prosody({ rate: '85%' }, 'slowly');
      say.s('a sentence');
      say.sayAs({ 'interpret-as': 'spell-out' }, 'xyz');
      say.sub({ alias: 'alias' }, 'to be substituted');
      say.w({ role: 'amazon:VB' }, 'word');
      say.lang({ 'xml:lang': 'fr-FR' }, 'oui');
    });
    assert.deepEqual(warnings, []);
    assert.equal(
      verbs[0]!['text'],
      'Hi, words to emphasize a paragraph. pecan slowly a sentence. x y z alias word oui',
    );
  });

  test('<Play>, <Pause>', () => {
    const { verbs, warnings } = written((response) => {
      response.play({ loop: 10 }, 'https://api.twilio.com/cowbell.mp3?a=1&b=2');
      response.play({ digits: 'wwww3' });
      response.pause({ length: 10 });
    });
    assert.deepEqual(verbs, [
      {
        verb: 'Play',
        loop: 10,
        terminators: TERMINATORS,
        sound: { kind: 'url', url: 'https://api.twilio.com/cowbell.mp3?a=1&b=2' },
      },
      { verb: 'Play', loop: 1, terminators: TERMINATORS, digits: 'wwww3' },
      { verb: 'Pause', length: 10 },
    ]);
    assert.deepEqual(warnings, []);
  });

  test('<Gather> with its nested verbs', () => {
    const { verbs, warnings } = written((response) => {
      const gather = response.gather({
        input: ['dtmf'],
        action: '/digits?x=1&y=2',
        method: 'GET',
        timeout: 3,
        finishOnKey: '*',
        numDigits: 4,
        actionOnEmptyResult: true,
        bargeIn: false,
      });
      gather.say('Press');
      gather.play('press.mp3');
      gather.pause({ length: 2 });
      response.redirect('/again');
    });
    assert.deepEqual(verbs, [
      {
        verb: 'Gather',
        input: 'dtmf',
        action: '/digits?x=1&y=2',
        method: 'GET',
        timeout: 3,
        finishOnKey: '*',
        numDigits: 4,
        actionOnEmptyResult: true,
        bargeIn: false,
        prompt: [
          { verb: 'Say', loop: 1, terminators: TERMINATORS, text: 'Press' },
          { verb: 'Play', loop: 1, terminators: TERMINATORS, sound: { kind: 'url', url: 'press.mp3' } },
          { verb: 'Pause', length: 2 },
        ],
      },
      { verb: 'Redirect', url: '/again', variables: [] },
    ]);
    assert.deepEqual(warnings, []);
  });

  test('<Gather> for speech: each attribute is a warning', () => {
    const { verbs, warnings } = written((response) => {
      response.gather({
        input: ['dtmf', 'speech'],
        speechTimeout: 'auto',
        language: 'en-US',
        hints: 'this, that',
        profanityFilter: false,
        speechModel: 'phone_call',
        enhanced: true,
        debug: true,
        partialResultCallback: '/p',
        partialResultCallbackMethod: 'GET',
        maxSpeechTime: 10,
      });
    });
    assert.equal(verbs[0]!['input'], 'dtmf');
    assert.deepEqual(warnings, Array(11).fill('PV-1353'));
  });

  test('<Record>', () => {
    const { verbs, warnings } = written((response) => {
      response.record({
        action: '/r',
        method: 'GET',
        timeout: 3,
        finishOnKey: '#',
        maxLength: 30,
        playBeep: false,
        trim: 'do-not-trim',
        recordingStatusCallback: '/told',
        recordingStatusCallbackMethod: 'POST',
        recordingStatusCallbackEvent: ['in-progress', 'completed', 'absent'],
      });
    });
    assert.deepEqual(verbs, [
      {
        verb: 'Record',
        action: '/r',
        method: 'GET',
        timeout: 3,
        finishOnKey: '#',
        maxLength: 30,
        playBeep: false,
        trim: 'do-not-trim',
        recordingStatusCallback: '/told',
        recordingStatusCallbackMethod: 'POST',
        recordingStatusCallbackEvent: ['in-progress', 'completed', 'absent'],
        recordStoreMethod: 'PUT',
      },
    ]);
    assert.deepEqual(warnings, []);
  });

  test('<Dial> with <Conference>, <Leave>', () => {
    const { verbs, warnings } = written((response) => {
      response.dial({ action: '/after', method: 'GET', timeLimit: 60 }).conference(
        {
          startConferenceOnEnter: false,
          endConferenceOnExit: true,
          muted: true,
          beep: 'onEnter',
          maxParticipants: 5,
          waitUrl: '/wait',
          waitMethod: 'GET',
          record: 'record-from-start',
          trim: 'do-not-trim',
          statusCallback: '/events',
          statusCallbackEvent: ['start', 'leave'],
          statusCallbackMethod: 'POST',
          recordingStatusCallback: '/recorded',
        },
        'team',
      );
      response.leave();
    });
    const [dial, leave] = verbs;
    assert.deepEqual([dial!['action'], dial!['method'], dial!['timeLimit']], ['/after', 'GET', 60]);
    const { name, startConferenceOnEnter, endConferenceOnExit, muted, beep, maxParticipants, waitUrl, record, trim } =
      dial!['noun'] as ConferenceNoun;
    assert.deepEqual(
      [name, startConferenceOnEnter, endConferenceOnExit, muted, beep, maxParticipants, waitUrl, record, trim],
      ['team', false, true, true, 'onEnter', 5, '/wait', 'record-from-start', 'do-not-trim'],
    );
    assert.deepEqual((dial!['noun'] as ConferenceNoun).statusCallbackEvent, ['start', 'leave']);
    assert.deepEqual(leave, { verb: 'Leave' });
    assert.deepEqual(warnings, []);
  });

  test('<Dial> with a number, and with everything that it can call', () => {
    const { verbs, warnings } = written((response) => {
      response.dial({ callerId: '+14155550199', hangupOnStar: true, ringTone: 'fr' }, '415-555-0100');
      const dial = response.dial({
        action: '/done',
        answerOnBridge: true,
        record: 'record-from-answer-dual',
        recordingStatusCallback: '/recorded',
        recordingStatusCallbackEvent: ['in-progress', 'completed'],
        sequential: true,
        timeout: 12,
        trim: 'trim-silence',
      });
      dial.number(
        {
          sendDigits: 'ww1928',
          url: '/screen',
          method: 'GET',
          statusCallback: '/events',
          statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
          statusCallbackMethod: 'GET',
        },
        '+1 415 555 0101',
      );
      dial.sip({ username: 'u', password: 'p' }, 'sip:kate@example.com?x-mycustomheader=foo');
    });
    const [text, nouns] = verbs as [Record<string, unknown>, Record<string, unknown>];
    assert.deepEqual(
      [text['isText'], text['callerId'], text['hangupOnStar'], text['ringTone']],
      [true, '+14155550199', true, 'fr'],
    );
    assert.deepEqual(
      [nouns['action'], nouns['answerOnBridge'], nouns['record'], nouns['sequential'], nouns['timeout'], nouns['trim']],
      ['/done', true, 'record-from-answer-dual', true, 12, 'trim-silence'],
    );
    const [number, sip] = nouns['called'] as readonly CalledNoun[];
    assert.deepEqual(number!.target, { kind: 'number', number: '+1 415 555 0101' });
    assert.deepEqual(
      [number!.sendDigits, number!.url, number!.method, number!.statusCallback, number!.statusCallbackMethod],
      ['ww1928', '/screen', 'GET', '/events', 'GET'],
    );
    assert.deepEqual(number!.statusCallbackEvent, ['initiated', 'ringing', 'answered', 'completed']);
    assert.deepEqual(sip!.target, {
      kind: 'sip',
      address: 'sip:kate@example.com?x-mycustomheader=foo',
      auth: { username: 'u', password: 'p' },
    });
    assert.deepEqual(warnings, []);
  });

  test('<Refer>', () => {
    const { verbs, warnings } = written((response) => {
      response.refer({ action: '/referred', method: 'GET' }).sip('sip:alice@example.com?X-Team=sales');
    });
    assert.deepEqual(verbs, [
      { verb: 'Refer', action: '/referred', method: 'GET', uri: 'sip:alice@example.com?X-Team=sales' },
    ]);
    assert.deepEqual(warnings, []);
  });

  test('<Enqueue>, <Dial> with <Queue>', () => {
    const { verbs, warnings } = written((response) => {
      response.enqueue({ action: '/a', method: 'GET', waitUrl: '/wait', waitUrlMethod: 'POST' }, 'support');
      response.dial({ timeout: 5 }).queue({ url: '/next', method: 'GET' }, 'support');
    });
    assert.deepEqual(verbs[0], {
      verb: 'Enqueue',
      action: '/a',
      method: 'GET',
      waitUrl: '/wait',
      waitUrlMethod: 'POST',
      name: 'support',
    });
    const { noun, name, url, method } = verbs[1]!['noun'] as Record<string, unknown>;
    assert.deepEqual([noun, name, url, method, verbs[1]!['timeout']], ['Queue', 'support', '/next', 'GET', 5]);
    assert.deepEqual(warnings, []);
  });

  test('<Redirect>, <Reject>, <Hangup>', () => {
    const { verbs, warnings } = written((response) => {
      response.reject({ reason: 'busy' });
      response.redirect({ method: 'GET' }, 'https://example.com/?a=1&b=2');
      response.hangup();
    });
    assert.deepEqual(verbs, [
      { verb: 'Reject', reason: 'busy' },
      { verb: 'Redirect', method: 'GET', url: 'https://example.com/?a=1&b=2', variables: [] },
      { verb: 'Hangup' },
    ]);
    assert.deepEqual(warnings, []);
  });

  test('comments before, in and after the document', () => {
    const { verbs, warnings } = written((response) => {
      response.commentBefore('before');
      response.comment('within');
      response.commentAfter('after');
      response.say('Hello');
    });
    assert.equal(verbs.length, 1);
    assert.deepEqual(warnings, []);
  });

  test('verbs that do not run yet are each one warning, whatever they hold', () => {
    const { verbs, warnings } = written((response) => {
      response.dial().client('joe');
      response.connect().stream({ url: 'wss://example.com' });
      response.start().stream({ url: 'wss://example.com' });
      response.stop().stream({ name: 'x' });
      response.sms('text');
      response.pay();
      response.prompt({ for: 'payment-card-number' });
      response.echo();
      response.hangup();
    });
    assert.deepEqual(verbs, [{ verb: 'Hangup' }]);
    assert.deepEqual(warnings, Array(8).fill('PV-1351'));
  });
});
