import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallPage, CallSource } from './call-source.ts';
import { shareLists } from './shared-source.ts';

const QUERY = { account: 'acme', from: 0, to: 10, ascending: false, limit: 5 };
const { signal } = new AbortController();

function setUp(): { shared: CallSource; asked: PromiseWithResolvers<CallPage>[]; pass: (ms: number) => void } {
  const asked: PromiseWithResolvers<CallPage>[] = [];
  let now = 0;
  const source: CallSource = {
    list() {
      const answer = Promise.withResolvers<CallPage>();
      asked.push(answer);
      return answer.promise;
    },
    byCallId: async () => undefined,
    byTraceId: async () => undefined,
  };
  return {
    shared: shareLists(source, () => now),
    asked,
    pass: (ms) => {
      now += ms;
    },
  };
}

describe('lists that many look at', () => {
  it('are asked for once in a moment, and anew after it', async () => {
    const { shared, asked, pass } = setUp();
    const page = { calls: [], next: undefined };
    const all = Array.from({ length: 50 }, () => shared.list({ ...QUERY }, signal));
    asked[0]?.resolve(page);
    assert.ok((await Promise.all(all)).every((one) => one === page));
    pass(1999);
    await shared.list(QUERY, signal);
    assert.equal(asked.length, 1);
    pass(1);
    void shared.list(QUERY, signal);
    assert.equal(asked.length, 2);
  });

  it('of others, or chosen by a function, are their own', () => {
    const { shared, asked } = setUp();
    void shared.list(QUERY, signal);
    void shared.list({ ...QUERY, account: 'globex' }, signal);
    void shared.list({ ...QUERY, keep: () => true }, signal);
    void shared.list({ ...QUERY, keep: () => true }, signal);
    assert.equal(asked.length, 4);
  });

  it('that failed are asked for again', async () => {
    const { shared, asked } = setUp();
    const first = shared.list(QUERY, signal);
    asked[0]?.reject(new Error('away'));
    await assert.rejects(first, /away/);
    void shared.list(QUERY, signal);
    assert.equal(asked.length, 2);
  });

  it('go on when whoever asked first has gone away', async () => {
    const { shared, asked } = setUp();
    const gone = new AbortController();
    void shared.list(QUERY, gone.signal);
    const second = shared.list(QUERY, signal);
    gone.abort();
    asked[0]?.resolve({ calls: [], next: undefined });
    assert.deepEqual(await second, { calls: [], next: undefined });
  });
});
