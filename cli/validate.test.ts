import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { validateCommand } from './validate.ts';

async function folderOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pivot-validate-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

async function run(
  paths: readonly string[],
  output: 'text' | 'json' = 'text',
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io = {
    stdout: {
      write: (text: string) => {
        out += text;
      },
    },
    stderr: {
      write: (text: string) => {
        err += text;
      },
    },
  };
  return { code: await validateCommand(paths, { output }, io), out, err };
}

const GOOD = `apiVersion: pivot.voice/v1alpha1
kind: PivotCallflow
metadata: {name: support}
spec:
  numbers: ["2030"]
  pivot: {voice_url: "http://127.0.0.1:3000/voice"}
`;

test('good files print nothing to read and end with 0', async (t) => {
  const folder = await folderOf(t, {
    'a.yaml': GOOD,
    'b.xml': '<Response><Say>Hello</Say></Response>',
    'c.json': '{"module":"hangup"}',
    'package.json': '{"name":"x"}',
  });
  assert.deepEqual(await run([folder]), { code: 0, out: '', err: '4 files: 0 errors, 0 warnings\n' });
});

test('every fault of every file is printed as FILE:LINE:COLUMN CODE message, and the end is 1', async (t) => {
  const folder = await folderOf(t, {
    'a.yaml': GOOD.replace('"2030"', '2030'),
    'b.json': '{\n  "module": "tts",\n  "data": {"text": ""},\n  "children": {"_": {"module": "hangupp"}}\n}',
    'c.xml': '<Response>\n  <Say>Hello</Say>\n',
    'd.json': '{"module": "tts",}',
  });
  const { code, out } = await run([folder]);
  assert.equal(code, 1);
  const lines = out
    .trim()
    .split('\n')
    .map((line) => line.replace(`${folder}/`, ''));
  assert.match(lines[0]!, /^a\.yaml:5:13 PV-1004 .*put it in quotes$/);
  assert.equal(lines[1], 'b.json:3:20 PV-1109 tts: "text" must not be empty');
  assert.equal(lines[2], 'b.json:4:32 PV-1102 there is no module "hangupp"; did you mean "hangup"?');
  assert.match(lines[3]!, /^c\.xml:\d+:\d+ PV-13\d\d /);
  assert.equal(lines[4], 'd.json:1:17 PV-1101 a comma stands before "}"');
  assert.equal(lines.length, 5);
});

test('a bad name hides nothing of what else is wrong', async (t) => {
  const bad = GOOD.replace('support', 'Support Line').replace('http://127.0.0.1:3000/voice', 'ftp://x');
  const { code, out } = await run([await folderOf(t, { 'a.yaml': bad })]);
  assert.equal(code, 1);
  assert.match(out, /PV-1004 .*metadata\.name/);
  assert.match(out, /PV-1110 pivot: "voice_url" is refused/);
});

test('conflicts between files are found', async (t) => {
  const folder = await folderOf(t, { 'a.yaml': GOOD, 'b.yaml': GOOD.replace('support', 'other') });
  const { code, out } = await run([join(folder, 'a.yaml'), join(folder, 'b.yaml')]);
  assert.equal(code, 1);
  assert.match(out, /a\.yaml:5:13 PV-1007 2030 belongs to default\/other/);
});

test('warnings carry the word and do not fail', async (t) => {
  const folder = await folderOf(t, {
    'a.yaml': GOOD.replace('numbers', 'number'),
    'b.json': '{"module":"say","module":"say","data":{"text":"hi"}}',
  });
  const { code, out, err } = await run([folder]);
  assert.equal(code, 0);
  assert.match(out, /a\.yaml:5:11 PV-1005 warning: .*did you mean "numbers"\?/);
  assert.match(out, /b\.json:1:17 PV-1160 warning: /);
  assert.match(out, /b\.json:1:\d+ PV-1150 warning: "say" is taken as "tts"/);
  assert.match(err, /2 files: 0 errors, \d warnings/);
});

test('a path that does not exist is a fault with a code', async () => {
  const { code, out } = await run(['/nowhere/at/all']);
  assert.equal(code, 1);
  assert.equal(out, '/nowhere/at/all:1:1 PV-1013 there is no such file or folder\n');
});

test('--output json gives the same as a list', async (t) => {
  const folder = await folderOf(t, { 'a.json': '{"module":"tts"}' });
  const { code, out } = await run([join(folder, 'a.json')], 'json');
  assert.equal(code, 1);
  assert.deepEqual(JSON.parse(out), [
    {
      file: join(folder, 'a.json'),
      line: 1,
      column: 1,
      code: 'PV-1107',
      severity: 'error',
      message: 'tts: "text" is missing (The text to speak)',
    },
  ]);
});

test('a file that is named is checked whatever its name says', async (t) => {
  const folder = await folderOf(t, { 'package.json': '{"name":"x"}', manifest: '- 1' });
  const { out } = await run([join(folder, 'package.json'), join(folder, 'manifest')]);
  assert.match(out, /package\.json:1:1 PV-1104 /);
  assert.match(out, /manifest:1:1 PV-1021 /);
});

test('TwiML: what is misspelt is named with line, column and a suggestion; what only Twilio has is named too', async (t) => {
  const folder = await folderOf(t, {
    'voice.xml': `<Response>
  <Gahter numDigits="1"/>
  <Gather numDigit="1"><Sya>Hi</Sya></Gather>
  <Dial><Numbr>+14155550100</Numbr></Dial>
  <Dial><Number sendDigit="1">+14155550100</Number></Dial>
  <Say><brake time="1s"/>Hello <break tim="1s"/></Say>
  <Connect><Stream url="wss://example.com"/></Connect>
  <Gather input="speech" speechTimeout="auto"/>
</Response>`,
  });
  const { out, err } = await run([folder]);
  const expected = [
    /:2:3 PV-1350 .*"Gahter".*Did you mean <Gather>\?/,
    /:3:11 PV-1352 .*"numDigit".*Did you mean numDigits\?/,
    /:3:24 PV-1357 .*<Sya>.*Did you mean <Say>\?/,
    /:4:9 PV-1357 .*<Numbr>.*Did you mean <Number>\?/,
    /:5:17 PV-1352 .*"sendDigit".*Did you mean sendDigits\?/,
    /:6:8 PV-1357 .*<brake>.*Did you mean <break>\?/,
    /:6:39 PV-1352 .*"tim".*Did you mean time\?/,
    /:7:3 PV-1351 .*<Connect>/,
    /:8:11 PV-1353 .*speech/,
    /:8:26 PV-1353 .*speechTimeout/,
  ];
  for (const one of expected) assert.match(out + err, one);
});
