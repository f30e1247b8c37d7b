import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { debugCodes } from '../../crds/errors/debug.ts';
import { PivotError } from '../../crds/errors/fault.ts';
import type { KubeApi } from '../kube/api.ts';
import { KubeError } from '../kube/kube-error.ts';
import { Readers } from './readers.ts';

interface Question {
  readonly kind: string;
  readonly spec: Record<string, unknown>;
}

function setUp(answer: (question: Question) => Record<string, unknown>): {
  readers: Readers;
  asked: Question[];
  pass: (ms: number) => void;
} {
  const asked: Question[] = [];
  let now = 0;
  const api: Pick<KubeApi, 'ask'> = {
    async ask({ kind }, spec) {
      const question = { kind, spec: spec as Record<string, unknown> };
      asked.push(question);
      return answer(question);
    },
  };
  const clock = { monotonic: () => now, wall: () => now, after: () => ({ cancel() {} }) };
  return {
    readers: new Readers({ api, clock }),
    asked,
    pass: (ms) => {
      now += ms;
    },
  };
}

const ANN = { authenticated: true, user: { username: 'ann', groups: ['developers'] } };
/** Ann may read acme. */
const cluster = ({ kind, spec }: Question): Record<string, unknown> =>
  kind === 'TokenReview'
    ? spec['token'] === 'good'
      ? ANN
      : { authenticated: false, error: 'it has expired' }
    : { allowed: (spec['resourceAttributes'] as Record<string, unknown>)['namespace'] === 'acme' };

const coded =
  (code: string, words: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof PivotError);
    assert.equal(error.fault.code, code);
    assert.match(error.fault.message, words);
    return true;
  };

describe('readers of the debug log', () => {
  it('are whom the API server says their token belongs to, for its own audience', async () => {
    const { readers, asked } = setUp(cluster);
    const identity = await readers.identify('Bearer good');
    assert.equal(identity.username, 'ann');
    assert.deepEqual(asked[0]?.spec, { token: 'good' });
  });

  it('without a token, or with one that is refused, are nobody', async () => {
    const { readers } = setUp(cluster);
    for (const header of [
      undefined,
      '',
      'good',
      'Basic Z29vZA==',
      'Bearer ',
      'Bearer a b',
      `Bearer ${'x'.repeat(20_000)}`,
    ])
      await assert.rejects(readers.identify(header), coded(debugCodes.unauthenticated.code, /Authorization: Bearer/));
    await assert.rejects(readers.identify('Bearer bad'), coded(debugCodes.unauthenticated.code, /it has expired/));
  });

  it('may read where they may get pivotcallflows, and nowhere else', async () => {
    const { readers, asked } = setUp(cluster);
    const ann = await readers.identify('Bearer good');
    await readers.check(ann, 'acme');
    assert.deepEqual(asked.at(-1)?.spec, {
      user: 'ann',
      groups: ['developers'],
      resourceAttributes: { verb: 'get', group: 'pivot.voice', resource: 'pivotcallflows', namespace: 'acme' },
    });
    await assert.rejects(readers.check(ann, 'globex'), coded(debugCodes.forbidden.code, /ann may not .*"globex"/));
    assert.deepEqual(await readers.readable(ann, ['acme', 'globex', 'initech']), ['acme']);
  });

  it('who may read all namespaces are asked about once', async () => {
    const { readers, asked } = setUp((question) => (question.kind === 'TokenReview' ? ANN : { allowed: true }));
    const ann = await readers.identify('Bearer good');
    assert.deepEqual(await readers.readable(ann, ['a', 'b']), ['a', 'b']);
    assert.equal(asked.length, 2);
  });

  it('are not asked about again for half a minute, nor twice at once; a refused token is', async () => {
    const { readers, asked, pass } = setUp(cluster);
    await Promise.all([readers.identify('Bearer good'), readers.identify('Bearer good')]);
    pass(29_000);
    await readers.identify('Bearer good');
    assert.equal(asked.length, 1);
    pass(2000);
    await readers.identify('Bearer good');
    assert.equal(asked.length, 2);
    for (let count = 0; count < 2; count += 1) await assert.rejects(readers.identify('Bearer bad'));
    assert.equal(asked.length, 4);
  });

  it('who all come at once with unknown tokens do not burden the API server', async () => {
    const { readers, asked } = setUp(cluster);
    const tries = Array.from({ length: 100 }, (_, number) => readers.identify(`Bearer bad-${number}`));
    const codes = (await Promise.allSettled(tries)).map((one) =>
      one.status === 'rejected' ? (one.reason as PivotError).fault.code : '',
    );
    assert.equal(codes.filter((code) => code === debugCodes.unauthenticated.code).length, 64);
    assert.equal(codes.filter((code) => code === debugCodes.tooBusy.code).length, 36);
    assert.equal(asked.length, 64);
    assert.equal((await readers.identify('Bearer good')).username, 'ann');
  });

  it('cannot read while the API server is away, which is said without the token', async () => {
    const { readers } = setUp(() => {
      throw new KubeError('unreachable', 'no connection');
    });
    await assert.rejects(readers.identify('Bearer secret-token'), (error) => {
      assert.ok(!(error as Error).message.includes('secret-token'));
      return coded(debugCodes.apiServerAway.code, /no connection/)(error);
    });
  });
});
