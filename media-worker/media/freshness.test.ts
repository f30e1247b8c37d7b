import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshnessOf } from './freshness.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const lifetime = (headers: Record<string, string>): number => (freshnessOf(headers, NOW).freshUntil - NOW) / 1000;

test('the lifetime of a copy is what the server says, and none where it says nothing', () => {
  const cases: readonly (readonly [Record<string, string>, number])[] = [
    [{}, 0],
    [{ 'last-modified': 'Wed, 01 Jan 2025 00:00:00 GMT' }, 0],
    [{ 'cache-control': 'max-age=60' }, 60],
    [{ 'cache-control': 'public, MAX-AGE="60"' }, 60],
    [{ 'cache-control': 'max-age=60', age: '20' }, 40],
    [{ 'cache-control': 'max-age=60', age: '90' }, 0],
    [{ 'cache-control': 'max-age=60, no-cache' }, 0],
    [{ 'cache-control': 'max-age=-1' }, 0],
    [{ 'cache-control': 'max-age=x', expires: 'Thu, 01 Jan 2026 00:01:00 GMT' }, 0],
    [{ expires: 'Thu, 01 Jan 2026 00:01:00 GMT' }, 60],
    [{ expires: 'Thu, 01 Jan 2026 00:01:00 GMT', date: 'Thu, 01 Jan 2026 00:00:30 GMT' }, 30],
    [{ expires: '0' }, 0],
    [{ 'cache-control': 'max-age=999999999999' }, 365 * 24 * 3600],
  ];
  for (const [headers, expected] of cases) assert.equal(lifetime(headers), expected, JSON.stringify(headers));
});

test('validators are kept only where they can be sent back', () => {
  assert.equal(freshnessOf({ etag: 'W/"abc"' }, NOW).etag, 'W/"abc"');
  assert.equal(freshnessOf({ etag: 'abc' }, NOW).etag, undefined);
  assert.equal(freshnessOf({ etag: '"a"\r\nX: y' }, NOW).etag, undefined);
  assert.equal(freshnessOf({ 'last-modified': 'yesterday' }, NOW).lastModified, undefined);
});

test('no-store is not kept; must-revalidate does not stand in for a failing server', () => {
  assert.equal(freshnessOf({ 'cache-control': 'no-store' }, NOW).keep, false);
  assert.equal(freshnessOf({ 'cache-control': 'max-age=1, must-revalidate' }, NOW).strict, true);
  assert.equal(freshnessOf({ 'cache-control': 'max-age=1' }, NOW).strict, false);
});
