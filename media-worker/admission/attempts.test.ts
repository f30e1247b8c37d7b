import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { type Attempts, createAttempts, MOST_CHALLENGES, MOST_FAILURES } from './attempts.ts';

describe('wrong passwords', () => {
  let time = 0;
  let attempts: Attempts;

  beforeEach(() => {
    time = 1_000_000;
    attempts = createAttempts(() => time);
  });

  function fail(
    times: number,
    address: string | ((n: number) => string),
    user: string | ((n: number) => string),
  ): void {
    for (let n = 0; n < times; n += 1)
      attempts.failed(typeof address === 'string' ? address : address(n), typeof user === 'string' ? user : user(n));
  }

  it('block the address from the tenth on, whoever it says to be, for ten minutes; only the first refusal is news', () => {
    fail(MOST_FAILURES - 1, '192.0.2.1', (n) => `acme/u${n}`);
    assert.equal(attempts.blocked('192.0.2.1', 'acme/x'), undefined);
    fail(1, '192.0.2.1', 'acme/u');
    assert.deepEqual(attempts.blocked('192.0.2.1', 'acme/x'), { retryAfterSeconds: 600, first: true });
    time += 100_000;
    assert.deepEqual(attempts.blocked('192.0.2.1', 'acme/y'), { retryAfterSeconds: 500, first: false });
    assert.equal(attempts.blocked('192.0.2.2', 'acme/x'), undefined);
    time += 500_000;
    assert.equal(attempts.blocked('192.0.2.1', 'acme/x'), undefined);
  });

  it('for one user block it from everywhere, but where it has proven itself', () => {
    attempts.succeeded('198.51.100.1', 'acme/ann');
    fail(MOST_FAILURES, (n) => `192.0.2.${n}`, 'acme/ann');
    assert.ok(attempts.blocked('203.0.113.9', 'acme/ann') !== undefined);
    assert.equal(attempts.blocked('198.51.100.1', 'acme/ann'), undefined);
    assert.equal(attempts.blocked('203.0.113.9', 'acme/bob'), undefined);
    time += 3_600_000;
    fail(MOST_FAILURES, (n) => `192.0.2.${n}`, 'acme/ann');
    assert.ok(attempts.blocked('198.51.100.1', 'acme/ann') !== undefined);
  });

  it('of somebody beside a proven telephone do not lock it out, and cannot be guessed without end', () => {
    attempts.succeeded('198.51.100.1', 'acme/ann');
    fail(MOST_FAILURES, '198.51.100.1', 'acme/bob');
    assert.equal(attempts.blocked('198.51.100.1', 'acme/ann'), undefined);
    fail(5, '198.51.100.1', 'acme/ann');
    assert.ok(attempts.blocked('198.51.100.1', 'acme/ann') !== undefined);
  });

  it('that are old are forgotten', () => {
    fail(MOST_FAILURES - 1, '192.0.2.1', 'acme/ann');
    time += 600_000;
    fail(1, '192.0.2.1', 'acme/ann');
    assert.equal(attempts.blocked('192.0.2.1', 'acme/ann'), undefined);
  });

  it('from ever new addresses cost bounded memory', () => {
    fail(MOST_FAILURES, '192.0.2.1', 'acme/ann');
    fail(20_000, (n) => `address-${n}`, 'acme/bob');
    // The oldest were forgotten; the user's count was not.
    assert.equal(attempts.blocked('192.0.2.1', 'acme/x'), undefined);
    assert.ok(attempts.blocked('192.0.2.7', 'acme/bob') !== undefined);
  });
});

describe('challenges that are left unanswered', () => {
  it('end after a hundred a minute, but not where a telephone has proven itself', () => {
    let time = 1_000_000;
    const attempts = createAttempts(() => time);
    attempts.succeeded('198.51.100.1', 'acme/ann');
    for (let n = 0; n < MOST_CHALLENGES; n += 1) {
      assert.equal(attempts.flooding('192.0.2.1'), undefined);
      attempts.challenged('192.0.2.1');
      attempts.challenged('198.51.100.1');
    }
    assert.deepEqual(attempts.flooding('192.0.2.1'), { retryAfterSeconds: 60, first: true });
    assert.equal(attempts.flooding('198.51.100.1'), undefined);
    time += 60_000;
    assert.equal(attempts.flooding('192.0.2.1'), undefined);
  });
});
