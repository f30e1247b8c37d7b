import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Applied, apply, type Binding, readBindings, type Source } from './bindings.ts';
import type { AskedContact, Register } from './register.ts';

const DURATIONS = { least: 60, most: 600 };
const NOW = 1_800_000_000_000;
const SOURCE: Source = { route: 'sip:198.51.100.1:40000', worker: 'w1', now: NOW };

function contact(user: string, more: Partial<AskedContact> = {}): AskedContact {
  return { uri: `sip:${user}@192.0.2.1:5060`, expires: undefined, instance: undefined, ...more };
}

function register(contacts: Register['contacts'], more: Partial<Register> = {}): Register {
  return { callId: 'c1', cseq: 1, of: { user: 'ann' }, expires: undefined, userAgent: 'Phone', contacts, ...more };
}

function done(applied: Applied): Extract<Applied, { ok: true }> {
  assert.ok(applied.ok, JSON.stringify(applied));
  return applied;
}

function made(contacts: Register['contacts'], more: Partial<Register> = {}, before: readonly Binding[] = []) {
  return done(apply(register(contacts, more), before, SOURCE, DURATIONS, 3));
}

describe('bindings of a device', () => {
  it('last as long as the contact says, else the request, else an hour; never longer than they may', () => {
    const seconds = (contacts: readonly AskedContact[], more: Partial<Register> = {}) =>
      made(contacts, more).bindings.map(({ until }) => (until - NOW) / 1000);
    assert.deepEqual(seconds([contact('a', { expires: 90 })], { expires: 120 }), [90]);
    assert.deepEqual(seconds([contact('a')], { expires: 120 }), [120]);
    assert.deepEqual(seconds([contact('a')]), [600]);
    assert.deepEqual(seconds([contact('a', { expires: 0xffff_ffff })]), [600]);
  });

  it('too short are refused as a whole', () => {
    const both = register([contact('a'), contact('b', { expires: 59 })]);
    assert.deepEqual(apply(both, [], SOURCE, DURATIONS, 3), { ok: false, why: 'interval' });
  });

  it('remember where they came from, and know a telephone again that comes from elsewhere', () => {
    const first = made([contact('a')]);
    assert.deepEqual([first.change, first.bindings[0]?.route], ['registered', SOURCE.route]);
    const refreshed = made([contact('a')], { cseq: 2 }, first.bindings);
    assert.deepEqual([refreshed.change, refreshed.bindings.length], ['refreshed', 1]);
    const moved = { ...SOURCE, route: 'sip:198.51.100.1:50000' };
    const again = done(apply(register([contact('a')], { cseq: 3 }), refreshed.bindings, moved, DURATIONS, 3));
    assert.deepEqual([again.change, again.bindings.map(({ route }) => route)], ['registered', [moved.route]]);
  });

  it('of one instance replace each other, whatever its address', () => {
    const first = made([contact('a', { instance: '<urn:uuid:1>' })]);
    const second = made([contact('b', { instance: '<urn:uuid:1>' })], { callId: 'c2' }, first.bindings);
    assert.deepEqual(
      second.bindings.map(({ uri }) => uri),
      ['sip:b@192.0.2.1:5060'],
    );
  });

  it('that are over do not count', () => {
    const old = made([contact('a')]).bindings.map((binding) => ({ ...binding, until: NOW }));
    assert.deepEqual(made([], {}, old), { ok: true, bindings: [], change: 'asked', dropped: [] });
  });

  it('more than may be: the one that was refreshed longest ago goes', () => {
    let bindings: readonly Binding[] = [];
    for (const [index, user] of ['a', 'b', 'c'].entries()) {
      const source = { ...SOURCE, now: NOW + index };
      bindings = done(apply(register([contact(user)], { callId: user }), bindings, source, DURATIONS, 3)).bindings;
    }
    const fourth = { ...SOURCE, now: NOW + 3 };
    const applied = done(apply(register([contact('d')], { callId: 'd' }), bindings, fourth, DURATIONS, 3));
    const users = (list: readonly Binding[]) => list.map(({ callId }) => callId);
    assert.deepEqual([users(applied.bindings), users(applied.dropped)], [['d', 'c', 'b'], ['a']]);
  });

  it('go with expires=0, one or all', () => {
    const three = made([contact('a'), contact('b'), contact('c')]);
    const one = made([contact('b', { expires: 0 })], { cseq: 2 }, three.bindings);
    assert.deepEqual([one.change, one.bindings.length], ['removed', 2]);
    const all = made('all', { cseq: 3, expires: 0 }, one.bindings);
    assert.deepEqual([all.change, all.bindings], ['removed', []]);
    assert.equal(made('all', { cseq: 4, expires: 0 }).change, 'asked');
    assert.equal(made([contact('x', { expires: 0 })]).change, 'asked');
  });

  it('are not changed by a request that is older than what made them', () => {
    const { bindings } = made([contact('a')], { cseq: 5 });
    for (const late of [
      register([contact('a', { expires: 0 })], { cseq: 5 }),
      register([contact('b'), contact('a')], { cseq: 4 }),
      register('all', { cseq: 5, expires: 0 }),
    ]) {
      assert.deepEqual(apply(late, bindings, SOURCE, DURATIONS, 3), { ok: false, why: 'order' });
    }
    // A telephone that has started anew has a new Call-ID, and counts from one.
    assert.equal(made([contact('a')], { callId: 'c2', cseq: 1 }, bindings).change, 'refreshed');
  });

  it('in the store are read back; what is none is left out', () => {
    const { bindings } = made([contact('a', { instance: 'i' }), contact('b')]);
    assert.deepEqual(readBindings(JSON.stringify(bindings)), bindings);
    assert.deepEqual(readBindings(JSON.stringify([...bindings, null, {}, { uri: 1 }])), bindings);
    for (const text of [undefined, '', '{', '{}', 'null']) assert.deepEqual(readBindings(text), []);
  });
});
