import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StoredSpan } from './stored-call.ts';
import { formatEntry, timelineOf } from './timeline.ts';

const AT = Date.UTC(2026, 10, 21, 12, 0, 1, 234);

function span(name: string, attributes: StoredSpan['attributes'], more: Partial<StoredSpan> = {}): StoredSpan {
  return { spanId: '1', name, startedAt: AT, endedAt: AT + 1500, attributes, events: [], error: false, ...more };
}

const started = (name: string, attributes: StoredSpan['attributes'] = {}): string[] =>
  timelineOf({ type: 'start', span: span(name, attributes) }).map(({ text }) => text);
const ended = (name: string, attributes: StoredSpan['attributes'] = {}, more: Partial<StoredSpan> = {}): string[] =>
  timelineOf({ type: 'end', span: span(name, attributes, more) }).map(({ text }) => text);

describe('the time line of a call', () => {
  it('begins with who calls what', () => {
    const attributes = { 'pivot.from': '+15550100', 'pivot.number': '2030', 'pivot.callflow': 'acme/support' };
    assert.deepEqual(ended('call.received', attributes), ['+15550100 calls 2030: callflow acme/support']);
    assert.deepEqual(ended('call.received', { ...attributes, 'pivot.from': '' }), [
      'anonymous calls 2030: callflow acme/support',
    ]);
  });

  it('tells sounds as they start, and verbs and actions', () => {
    const speech = { 'pivot.media.kind': 'speech', 'pivot.media.sound': 'Hello' };
    assert.deepEqual(started('media.play', speech), ['says “Hello”']);
    assert.deepEqual(started('media.play', { 'pivot.media.kind': 'url', 'pivot.media.sound': 'https://a/b.wav' }), [
      'plays https://a/b.wav',
    ]);
    assert.deepEqual(started('verb Gather'), ['<Gather>']);
    assert.deepEqual(started('action pivot', { 'pivot.action': 'pivot', 'pivot.voice_url': 'https://a/' }), [
      'pivot https://a/',
    ]);
    assert.deepEqual(started('action other', { 'pivot.action': 'menu' }), ['menu']);
  });

  it('tells exchanges with URL, status and time', () => {
    const attributes = { 'pivot.exchange': 1, 'http.request.method': 'POST', 'url.full': 'https://a/voice' };
    assert.deepEqual(
      ended('POST', { ...attributes, 'http.response.status_code': 200, 'pivot.webhook.translator': 'twiml' }),
      ['POST https://a/voice → 200 in 1500 ms, twiml'],
    );
    assert.deepEqual(ended('POST', attributes, { error: true }), ['POST https://a/voice → failed after 1500 ms ✗']);
  });

  it('tells digits and what ended them', () => {
    assert.deepEqual(ended('action collect_dtmf', { 'pivot.digits': '12', 'pivot.digits.ended_by': 'max' }), [
      'digits 12 (ended by max)',
    ]);
    assert.deepEqual(ended('verb Gather', { 'pivot.twiml.gather.count': 4, 'pivot.twiml.gather.ended_by': 'max' }), [
      '4 digits (ended by max)',
    ]);
    const nothing = { 'pivot.digits.count': 0, 'pivot.digits.ended_by': 'timeout' };
    assert.deepEqual(ended('action collect_dtmf', { ...nothing, 'pivot.digits': '' }), []);
    assert.deepEqual(ended('action collect_dtmf', nothing), []);
    assert.deepEqual(ended('action send_dtmf', { 'pivot.digits.count': 3 }), []);
  });

  it('tells warnings and errors with their codes', () => {
    const attributes = { 'pivot.error.code': 'PV-1601', 'pivot.error.message': 'a bug' };
    const events = [
      { name: 'pivot.warning', at: AT, attributes },
      { name: 'pivot.error', at: AT, attributes },
      { name: 'other', at: AT, attributes: {} },
    ];
    const entries = timelineOf({ type: 'end', span: span('action play', {}, { events }) });
    assert.deepEqual(entries.map(formatEntry), [
      '12:00:02.734   warning: PV-1601 a bug',
      '12:00:02.734   error: PV-1601 a bug',
    ]);
  });

  it('tells what follows from a failed exchange instead of the same error again', () => {
    const attributes = { 'pivot.error.code': 'PV-1203', 'pivot.error.message': 'refused' };
    const events = [{ name: 'pivot.error', at: AT, attributes }];
    const told = (failback: boolean): string[] =>
      timelineOf({
        type: 'end',
        span: span('action pivot', { ...attributes, 'pivot.failback': failback }, { events }),
      }).map((entry) => entry.text);
    assert.deepEqual(told(true), ['PV-1203: going on at the failback']);
    assert.deepEqual(told(false), ['PV-1203: there is no failback, the call ends']);
  });

  it('ends with how the call ended', () => {
    const end = { 'pivot.call.status': 'completed', 'pivot.end.side': 'caller', 'pivot.end.cause': 'NORMAL_CLEARING' };
    assert.deepEqual(ended('call', end), ['completed, ended by the caller (NORMAL_CLEARING) after 1.5 s']);
    assert.deepEqual(ended('call', { ...end, 'pivot.sip.status': 486 }), [
      'completed, ended by the caller (NORMAL_CLEARING) after 1.5 s, SIP 486',
    ]);
    const refused = { 'pivot.sip.status': 404, 'pivot.error.code': 'PV-1404', 'pivot.error.message': 'none' };
    assert.deepEqual(ended('call', refused), ['refused with 404: PV-1404 none']);
  });

  it('says nothing of spans that mean nothing to people', () => {
    for (const name of ['route', 'media.endpoint', 'GET']) assert.deepEqual([...started(name), ...ended(name)], []);
  });

  it('is indented by what it tells', () => {
    const texts = [
      formatEntry({ at: AT, kind: 'call', text: 'answered' }),
      formatEntry({ at: AT, kind: 'verb', text: '<Say>' }),
      formatEntry({ at: AT, kind: 'sound', text: 'says “Hi”' }),
    ];
    assert.deepEqual(texts, ['12:00:01.234 answered', '12:00:01.234   <Say>', '12:00:01.234     says “Hi”']);
  });
});
