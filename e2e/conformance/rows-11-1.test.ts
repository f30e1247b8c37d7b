/** Section 11.1, action data: what `pivot validate` says of it, and what a call makes of it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { callflowManifest } from '../harness.ts';
import { callflow, twiml } from '../web.ts';
import { type Bench, conformance, FAILBACK, FAILED_BACK, pivotNode } from './system.ts';

const BYE = twiml('<Hangup/>');

interface Finding {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
}

/** What `pivot validate` finds in a callflow whose action has this data, in both spellings that a manifest knows. */
async function validate(data: object): Promise<{ readonly code: number | null; readonly findings: Finding[] }[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pivot-validate-'));
  try {
    return await Promise.all(
      Object.entries({
        pivot: { pivot: data, failback: FAILBACK },
        flow: { flow: pivotNode(data) },
      }).map(async ([name, spec]) => {
        const file = join(folder, `${name}.yaml`);
        await writeFile(file, JSON.stringify(callflowManifest('one', ['1'], spec)));
        const child = spawn(process.execPath, ['cli/bin.js', 'validate', '--output', 'json', file], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
        return { code: code as number | null, findings: JSON.parse(output) as Finding[] };
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function admitted(data: object, ...warnings: readonly string[]): Promise<void> {
  for (const { code, findings } of await validate(data)) {
    assert.deepEqual(
      findings.map((finding) => finding.code),
      warnings,
    );
    assert.equal(code, 0);
  }
}

async function rejected(data: object, code: string): Promise<void> {
  for (const outcome of await validate(data)) {
    assert.deepEqual(
      outcome.findings.map((finding) => `${finding.severity} ${finding.code}`),
      [`error ${code}`],
    );
    assert.equal(outcome.code, 1);
  }
}

/** The web server never answers: how long one attempt waited for it, in ms. */
async function waited({ call }: Bench, spec: string): Promise<number> {
  const { over } = await call(spec);
  const story = await over();
  assert.equal(story.asked.length, 1);
  assert.equal(story.asked[0]?.code, 'PV-1206');
  assert.deepEqual(story.said, [FAILED_BACK]);
  return story.asked[0].ms;
}

function about(milliseconds: number, expected: number): void {
  assert.ok(
    milliseconds >= expected - 20 && milliseconds < expected + 1000,
    `${milliseconds} ms, expected ${expected} ms`,
  );
}

conformance('11.1 action data', [
  {
    id: '11.1.1',
    specs: (url) => ({
      plain: { pivot: { voice_url: `${url}/a` }, failback: FAILBACK },
      slow: { pivot: { voice_url: `${url}/slow` }, failback: FAILBACK },
    }),
    async test(bench) {
      const { web, call } = bench;
      web.on('/a', BYE);
      web.on('/slow', 'never');
      const slow = waited(bench, 'slow');
      const { over } = await call('plain');
      const { method, parameters } = await web.request('/a');
      assert.equal(method, 'GET');
      assert.equal(parameters.get('Account-ID'), 'default');
      assert.equal(parameters.get('CallSid'), null);
      const { asked } = await over();
      const recorded = Object.keys(asked[0]!.span.attributes);
      assert.deepEqual(
        recorded.filter((name) => /\.(body|headers)$/.test(name)),
        [],
      );
      about(await slow, 5000);
      await admitted({ voice_url: 'http://x/a' });
    },
  },
  {
    id: '11.1.2',
    specs: (url) => ({ post: { pivot: { voice_url: `${url}/a`, method: 'POST' }, failback: FAILBACK } }),
    async test({ web, call }) {
      web.on('/a', BYE);
      const { over } = await call();
      const { method, target, body, headers } = await web.request('/a');
      assert.equal(method, 'POST');
      assert.equal(target, '/a');
      assert.equal(headers['content-type'], 'application/x-www-form-urlencoded');
      assert.match(body, /^Account-ID=default&/);
      await over();
      await admitted({ voice_url: 'http://x/a', method: 'POST' });
    },
  },
  {
    id: '11.1.3',
    specs: (url) => ({ slow: { pivot: { voice_url: `${url}/a`, req_timeout: '5' }, failback: FAILBACK } }),
    async test(bench) {
      bench.web.on('/a', 'never');
      about(await waited(bench, 'slow'), 5000);
      await admitted({ voice_url: 'http://x/a', req_timeout: '5' }, 'PV-1154');
      const lines = bench.pivot.program.lines.filter((line) => line.includes('req_timeout'));
      assert.ok(
        lines.some((line) => /^warning \S+:\d+:\d+ PV-1154 .*"req_timeout" is an old spelling/.test(line)),
        lines.join('\n'),
      );
    },
  },
  {
    id: '11.1.4',
    specs: (url) => ({
      slow: { pivot: { voice_url: `${url}/a`, req_timeout: '2', req_timeout_ms: 900 }, failback: FAILBACK },
    }),
    async test(bench) {
      bench.web.on('/a', 'never');
      about(await waited(bench, 'slow'), 900);
      await admitted({ voice_url: 'http://x/a', req_timeout: '2', req_timeout_ms: 900 }, 'PV-1154');
    },
  },
  {
    id: '11.1.5',
    specs: (url) => ({ first: { pivot: { voice_url: `${url}/first` }, failback: FAILBACK } }),
    async test({ web, call }) {
      web.on('/first', callflow(pivotNode({ voice_url: `${web.url}/a`, req_timeout_ms: 60_000 })));
      web.on('/a', 'never');
      const { over } = await call();
      await rejected({ voice_url: 'http://x/a', req_timeout_ms: 60_000 }, 'PV-1109');
      const story = await over();
      assert.ok(story.warnings.includes('PV-1155'), story.warnings.join());
      assert.deepEqual(story.exchanges, ['GET /first 200', 'GET /a PV-1206']);
      about(story.asked[1]!.ms, 5000);
    },
  },
  {
    id: '11.1.6',
    note: 'on one’s own machine http://localhost/ is allowed: there --deny private refuses it, when it is asked',
    async test() {
      await rejected({ voice_url: 'ftp://x' }, 'PV-1110');
      await rejected({}, 'PV-1107');
      await admitted({ voice_url: 'http://localhost/' });
    },
  },
  {
    id: '11.1.7',
    async test() {
      await rejected({ voice_url: 'http://x/a', method: 'PUT' }, 'PV-1109');
    },
  },
  {
    id: '11.1.8',
    specs: (url) => ({
      pivot: { pivot: { voice_url: `${url}/a`, skip_module: true }, failback: FAILBACK },
      flow: { flow: pivotNode({ voice_url: `${url}/a`, skip_module: true }) },
    }),
    async test({ web, call }) {
      for (const spec of ['pivot', 'flow']) {
        const { over } = await call(spec);
        const { said, exchanges, errors } = await over();
        assert.deepEqual(said, [FAILED_BACK]);
        assert.deepEqual(exchanges, []);
        assert.deepEqual(errors, []);
      }
      assert.equal(web.requests.length, 0);
    },
  },
]);

conformance(
  '11.1 action data, --deny private',
  [
    {
      id: '11.1.6',
      note: 'localhost',
      specs: () => ({ localhost: { pivot: { voice_url: 'http://localhost/' }, failback: FAILBACK } }),
      async test({ call }) {
        const { over } = await call();
        const { exchanges, said } = await over();
        assert.deepEqual(exchanges, ['GET / PV-1212']);
        assert.deepEqual(said, [FAILED_BACK]);
      },
    },
  ],
  { options: ['--deny', 'private'] },
);
