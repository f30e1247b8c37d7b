import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createNonces } from './nonces.ts';

describe('a nonce', () => {
  let time = 1_800_000_000_000;
  const nonces = createNonces({ now: () => time });

  it('is known at the address and for the realm that it was made for, for five minutes', () => {
    const nonce = nonces.issue('192.0.2.1', 'acme');
    assert.equal(nonces.known(nonce, '192.0.2.1', 'acme'), true);
    assert.equal(nonces.known(nonce, '192.0.2.2', 'acme'), false);
    assert.equal(nonces.known(nonce, '192.0.2.1', 'beta'), false);
    time += 299_000;
    assert.equal(nonces.known(nonce, '192.0.2.1', 'acme'), true);
    time += 1000;
    assert.equal(nonces.known(nonce, '192.0.2.1', 'acme'), false);
  });

  it('that was made up, changed, or made by another worker is not known', () => {
    const nonce = nonces.issue('192.0.2.1', 'acme');
    const other = createNonces({ now: () => time }).issue('192.0.2.1', 'acme');
    const changed = `${nonce[0] === 'A' ? 'B' : 'A'}${nonce.slice(1)}`;
    for (const bad of ['', 'x', changed, `${nonce}=`, `${nonce}A`, other])
      assert.equal(nonces.known(bad, '192.0.2.1', 'acme'), false, bad);
  });

  it('bears each count once, going up', () => {
    const nonce = nonces.issue('192.0.2.1', 'acme');
    assert.equal(nonces.use(nonce, 1), 'good');
    assert.equal(nonces.use(nonce, 1), 'replayed');
    assert.equal(nonces.use(nonce, 5), 'good');
    assert.equal(nonces.use(nonce, 4), 'replayed');
    assert.equal(nonces.use(nonce, undefined), 'replayed');
    const other = nonces.issue('192.0.2.1', 'acme');
    assert.equal(nonces.use(other, undefined), 'good');
    assert.equal(nonces.use(other, undefined), 'replayed');
    assert.equal(nonces.use(other, 7), 'replayed');
  });

  it('is not good any more when its use had to be forgotten', () => {
    const first = nonces.issue('192.0.2.1', 'acme');
    assert.equal(nonces.use(first, 1), 'good');
    for (let count = 0; count < 50_000; count += 1) {
      if (count % 1000 === 0) time += 1;
      nonces.use(nonces.issue('192.0.2.1', 'acme'), 1);
    }
    assert.equal(nonces.known(first, '192.0.2.1', 'acme'), false);
    assert.equal(nonces.known(nonces.issue('192.0.2.1', 'acme'), '192.0.2.1', 'acme'), true);
  });
});
