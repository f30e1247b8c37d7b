import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Preparation } from '../library.ts';
import type { PreparedSound } from '../sound.ts';
import { createRig, type Rig, rms, samplesOf, serve, sine, temporaryFolder } from '../testing.ts';
import { writePcm, writeWav } from '../wav.ts';
import { parseLanguage } from './language.ts';
import { parseVoice } from './voices.ts';

/** In CI the program is required; elsewhere its tests are skipped with what to do about it. */
function needEspeak(t: TestContext): boolean {
  if (spawnSync('espeak-ng', ['--version']).status === 0) return true;
  assert.notEqual(process.env['CI'], 'true', 'espeak-ng is required in CI: apt-get install -y espeak-ng');
  t.skip('needs espeak-ng: apt-get install -y espeak-ng');
  return false;
}

function done(result: Preparation): PreparedSound {
  assert.ok(result.ok, result.ok ? '' : `${result.fault.code} ${result.fault.message}`);
  return result.prepared;
}

const codes = (result: Preparation): string[] => {
  done(result);
  return result.ok ? result.warnings.map(({ code }) => code) : [];
};

/** Speech lasts, is neither faint nor clipped, and rises and falls. */
async function assertSpeech({ reference, durationMs = 0 }: PreparedSound, fromMs: number, toMs: number): Promise<void> {
  assert.ok(durationMs > fromMs && durationMs < toMs, `lasts ${durationMs} ms`);
  const { samples, rate } = samplesOf(await readFile(reference));
  assert.equal(rate, 8000);
  const level = 20 * Math.log10(rms(samples));
  assert.ok(level > -26 && level < -14, `level ${level} dB`);
  const peak = samples.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  assert.ok(peak < 0.9, `peak ${peak}`);
  const windows = Array.from({ length: Math.floor(samples.length / 400) }, (_, i) =>
    rms(samples.subarray(i * 400, i * 400 + 400)),
  );
  const mean = windows.reduce((a, b) => a + b, 0) / windows.length;
  const spread = rms(Float32Array.from(windows, (value) => value - mean)) / mean;
  assert.ok(spread > 0.3, `the level varies by ${spread}`);
}

const say = (
  rig: Rig,
  text: string,
  more: { voice?: string; language?: string; engine?: string; ssml?: string } = {},
): Promise<Preparation> => rig.prepare({ kind: 'speech', text, ...more });

test('English is spoken by flite, without anything installed', async (t) => {
  const rig = await createRig(t, { speech: { espeak: false } });
  const spoken = done(await say(rig, 'Welcome. Press one for sales, or two for support.'));
  assert.deepEqual([spoken.engine, spoken.voice, spoken.cached], ['flite', 'rms', false]);
  await assertSpeech(spoken, 2500, 5000);
  assert.equal(done(await say(rig, '  Welcome. Press one for sales,\n or two for support. ')).cached, true);
});

test('voices', async (t) => {
  const rig = await createRig(t, { speech: { espeak: false } });
  for (const [voice, language, expected] of [
    ['man', undefined, 'rms'],
    ['MALE', undefined, 'rms'],
    ['woman', undefined, 'slt'],
    ['female', 'en-gb', 'slt'],
    ['alice', 'en_US', 'slt'],
    ['man', 'en-GB', 'awb'],
    ['kal', undefined, 'kal'],
    ['cmu_us_slt', undefined, 'slt'],
    ['Polly.Joanna', undefined, 'slt'],
    ['Polly.Matthew-Neural', undefined, 'rms'],
    ['Polly.Brian', undefined, 'awb'],
    ['Google.en-US-Standard-C', undefined, 'rms'],
  ] as const) {
    const result = await say(rig, 'Yes.', { voice, ...(language === undefined ? {} : { language }) });
    assert.equal(done(result).voice, expected, voice);
    assert.deepEqual(codes(result), [], voice);
  }
  const unknown = await say(rig, 'Yes.', { voice: 'Polly.Nobody' });
  assert.equal(done(unknown).voice, 'rms');
  assert.deepEqual(codes(unknown), ['PV-1512']);
});

test('a wrong engine, language or text is spoken as well as can be, with a warning each', async (t) => {
  const rig = await createRig(t, { speech: { espeak: false } });
  assert.deepEqual(codes(await say(rig, 'Yes.', { engine: 'ispeech' })), ['PV-1513']);
  assert.deepEqual(codes(await say(rig, 'Yes.', { language: 'no language' })), ['PV-1515']);
  assert.deepEqual(codes(await say(rig, 'Ja.', { language: 'de' })), ['PV-1514']);
  assert.deepEqual(codes(await say(rig, 'Hello 世界.')), ['PV-1518']);
  assert.deepEqual(codes(await say(rig, 'Hello 世界.')), ['PV-1518'], 'from the cache too');
  assert.deepEqual(codes(await say(rig, 'Yes. '.repeat(50).padEnd(5000, ' no'))), ['PV-1511']);
  for (const text of ['', '  ', '世界', '!?']) {
    const result = await say(rig, text);
    assert.deepEqual(codes(result), ['PV-1510'], text);
    assert.equal(done(result).reference, 'silence_stream://20');
  }
});

test('4000 bytes of digits, the worst of texts, do not keep other calls from being spoken to', async (t) => {
  const rig = await createRig(t, { speech: { espeak: false } });
  const hangup = new AbortController();
  const worst = rig.prepare({ kind: 'speech', text: '9'.repeat(4000), voice: 'slt' }, hangup.signal);
  await assertSpeech(done(await say(rig, 'Welcome to our company.')), 1000, 3000);
  hangup.abort(new Error('hung up'));
  await assert.rejects(worst, /hung up/);
});

test('every other language is spoken by espeak-ng', async (t) => {
  if (!needEspeak(t)) return;
  const rig = await createRig(t);
  for (const [language, text, voice] of [
    ['de', 'Willkommen. Für den Vertrieb drücken Sie die Eins.', 'de+m3'],
    ['fr-CA', 'Bienvenue. Pour les ventes, appuyez sur un.', 'fr-fr+m3'],
    ['es-MX', 'Bienvenido. Para ventas, presione uno.', 'es-419+m3'],
    ['pt-br', 'Bem-vindo. Para vendas, pressione um.', 'pt-br+m3'],
    ['zh-CN', '欢迎致电，销售请按一。', 'cmn+m3'],
    ['ru', 'Добро пожаловать. Нажмите один.', 'ru+m3'],
  ] as const) {
    const result = await say(rig, text, { language });
    const spoken = done(result);
    assert.deepEqual([spoken.engine, spoken.voice, codes(result)], ['espeak-ng', voice, []], language);
    await assertSpeech(spoken, 1000, 6000);
  }
  assert.equal(done(await say(rig, 'Bonjour.', { voice: 'Polly.Céline' })).voice, 'fr-fr+f2');
  assert.equal(done(await say(rig, 'Hallo.', { language: 'de', voice: 'f4' })).voice, 'de+f4');
  assert.equal(done(await say(rig, 'Hello.', { engine: 'espeak' })).voice, 'en-us+m3');
});

test('espeak-ng speaks SSML where there is some: a pause is as long as it says, and the copy is another than of the text', async (t) => {
  if (!needEspeak(t)) return;
  const rig = await createRig(t);
  const english = { engine: 'espeak-ng' } as const;
  const plain = done(await say(rig, 'one two', english));
  const paused = done(await say(rig, 'one two', { ...english, ssml: 'one <break time="2000ms"/> two' }));
  const more = (paused.durationMs ?? 0) - (plain.durationMs ?? 0);
  assert.ok(more > 1500 && more < 3500, `${more} ms`);
  const again = done(await say(rig, 'one two', { ...english, ssml: 'one <break time="2000ms"/> two' }));
  assert.deepEqual([paused.cached, again.cached], [false, true]);
  // flite does not read it.
  const flite = done(await say(rig, 'one two', { engine: 'flite', ssml: '<p>one two</p>' }));
  assert.equal(flite.engine, 'flite');
});

test('what stands in a text is never an option or a command of espeak-ng', async (t) => {
  if (!needEspeak(t)) return;
  const rig = await createRig(t);
  for (const text of ['--version', '-f /etc/passwd', '$(reboot)', "'; id", "[[h@l'oU]]"]) {
    assert.ok((done(await say(rig, text, { engine: 'espeak-ng' })).durationMs ?? 0) > 300, text);
  }
});

test('a program that hangs, fails or floods is ended, with a coded fault', async (t) => {
  const folder = await temporaryFolder(t);
  const program = async (name: string, body: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(
      path,
      `#!/bin/sh\nif [ "$1" = --voices ]; then printf 'h\\n 5 de --/M German g\\n'; exit 0; fi\n${body}\n`,
    );
    await chmod(path, 0o755);
    return path;
  };
  const ask = async (path: string, limits = {}, signal?: AbortSignal): Promise<Preparation> => {
    const rig = await createRig(t, { speech: { espeak: path }, limits });
    return rig.prepare({ kind: 'speech', text: 'Hallo', language: 'de' }, signal);
  };
  const code = (result: Preparation): string => (result.ok ? 'ok' : result.fault.code);
  assert.equal(code(await ask(await program('hangs', 'exec sleep 60'), { speechMs: 100 })), 'PV-1517');
  assert.equal(code(await ask(await program('fails', 'echo broken >&2; exit 3'))), 'PV-1516');
  assert.equal(code(await ask(await program('mute', 'exit 0'))), 'PV-1516');
  assert.equal(code(await ask(await program('floods', 'exec cat /dev/zero'))), 'PV-1516');
  const absent = await ask(join(folder, 'absent'));
  assert.deepEqual(codes(absent), ['PV-1514'], 'flite speaks instead');

  const pidFile = join(folder, 'pid');
  const hangup = new AbortController();
  const aborted = ask(await program('waits', `echo $$ > ${pidFile}; exec sleep 60`), {}, hangup.signal);
  let pid = '';
  while (!pid.endsWith('\n')) {
    await new Promise((resolve) => setImmediate(resolve));
    pid = await readFile(pidFile, 'utf8').catch(() => '');
  }
  hangup.abort(new Error('hung up'));
  await assert.rejects(aborted, /hung up/);
  const alive = (): boolean => {
    try {
      process.kill(Number(pid), 0);
      return true;
    } catch {
      return false;
    }
  };
  while (alive()) await new Promise((resolve) => setImmediate(resolve));
});

test('a service with the OpenAI speech API', async (t) => {
  const bodies: unknown[] = [];
  let answer: { status: number; type: string; body: Uint8Array } = {
    status: 200,
    type: 'audio/wav',
    body: Buffer.from(writeWav(sine(500, 24_000, 1), 24_000)),
  };
  const server = await serve(t, (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
    request.on('end', () => {
      bodies.push([request.method, request.url, request.headers.authorization, JSON.parse(text)]);
      response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
    });
  });
  const service = {
    url: `${server.url}/v1/`,
    model: 'tts-1',
    apiKey: 'sk-secret',
    voices: { male: 'onyx', female: 'nova' },
  };
  const rig = await createRig(t, {
    speech: {
      espeak: false,
      services: [
        { ...service, name: 'cloud', languages: ['de'] },
        { ...service, name: 'raw', format: 'pcm', voices: { ...service.voices, other: ['Echo'] } },
      ],
    },
  });
  const german = done(await say(rig, 'Grüß Gott', { language: 'de-AT', voice: 'woman' }));
  assert.deepEqual([german.engine, german.voice], ['cloud', 'nova']);
  assert.deepEqual(bodies, [
    [
      'POST',
      '/v1/audio/speech',
      'Bearer sk-secret',
      { model: 'tts-1', voice: 'nova', input: 'Grüß Gott', response_format: 'wav' },
    ],
  ]);
  // Its streams have no size in the header.
  const open = Buffer.from(answer.body);
  open.writeUInt32LE(0xffffffff, 40);
  answer = { ...answer, body: open };
  assert.equal(done(await say(rig, 'Servus', { language: 'de', voice: 'Shimmer' })).voice, 'Shimmer');

  answer = { status: 200, type: 'audio/pcm', body: Buffer.from(writePcm(new Uint8Array(0), 1)) };
  answer.body = Buffer.from(sine(500, 24_000, 1).buffer);
  const raw = done(await say(rig, 'Hello', { engine: 'RAW', voice: 'echo' }));
  assert.equal(raw.voice, 'Echo');
  assert.ok(Math.abs((raw.durationMs ?? 0) - 1000) < 200);
  assert.deepEqual(codes(await say(rig, 'Hello', { engine: 'raw', voice: 'nobody' })), ['PV-1512']);

  answer = { status: 401, type: 'application/json', body: Buffer.from('{"error":{"message":"bad key sk-secret"}}') };
  const denied = await say(rig, 'Hello again', { engine: 'raw' });
  assert.ok(!denied.ok && denied.fault.code === 'PV-1516' && /answered 401/.test(denied.fault.message));
  assert.doesNotMatch(JSON.stringify(denied), /sk-secret/);
  answer = { ...answer, status: 200 };
  const page = await say(rig, 'Hello again', { engine: 'raw' });
  assert.ok(!page.ok && page.fault.code === 'PV-1516');
  await server.close();
  const gone = await say(rig, 'Hello again', { engine: 'cloud' });
  assert.ok(!gone.ok && gone.fault.code === 'PV-1516' && /PV-12/.test(gone.fault.message));
});

test('the configured engine, language and voice are used where a request names none', async (t) => {
  if (!needEspeak(t)) return;
  const rig = await createRig(t, { speech: { engine: 'espeak-ng', language: 'en-gb', voice: 'female' } });
  const spoken = done(await say(rig, 'Hello.'));
  assert.deepEqual([spoken.engine, spoken.voice], ['espeak-ng', 'en-gb+f2']);
});

test('language tags are normalised', () => {
  for (const [text, tag] of [
    ['en', 'en'],
    ['EN-us', 'en-US'],
    ['en_gb', 'en-GB'],
    ['zh-hans-cn', 'zh-Hans-CN'],
    ['iw', 'he'],
    ['es-419', 'es-419'],
    ['de-DE-u-co-phonebk', 'de-DE'],
    ['', undefined],
    ['english please', undefined],
    ['*', undefined],
  ] as const) {
    assert.equal(parseLanguage(text)?.tag, tag, text);
  }
});

test('voice names of other platforms tell language and kind', () => {
  assert.deepEqual(parseVoice('Polly.Hans'), { asked: 'Polly.Hans', gender: 'male', language: parseLanguage('de-DE') });
  assert.deepEqual(parseVoice('Google.fr-FR-Wavenet-A'), {
    asked: 'Google.fr-FR-Wavenet-A',
    language: parseLanguage('fr-FR'),
  });
  assert.deepEqual(parseVoice('constructor'), { asked: 'constructor', name: 'constructor' });
  assert.deepEqual(parseVoice(' '), {});
});
