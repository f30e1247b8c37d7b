import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dtmf, duration, hostPort, httpUrl, portRange, positiveInteger } from './options.ts';

type Case = readonly [given: string, result: unknown];

const TABLES: Readonly<
  Record<string, { parse: (value: string) => unknown; good: readonly Case[]; bad: readonly string[] }>
> = {
  'HOST:PORT': {
    parse: hostPort,
    good: [
      ['127.0.0.1:5060', { host: '127.0.0.1', port: 5060 }],
      ['localhost:0', { host: 'localhost', port: 0 }],
      [':8080', { host: '127.0.0.1', port: 8080 }],
      ['[::1]:5060', { host: '::1', port: 5060 }],
    ],
    bad: ['', '127.0.0.1', '5060', 'a:b', 'a:65536', '::1:5060', 'a:-1', 'a:1:2'],
  },
  'HOST:FROM-TO': {
    parse: portRange,
    good: [
      ['127.0.0.1:20000-20999', { host: '127.0.0.1', from: 20_000, to: 20_999 }],
      [':1-2', { host: '127.0.0.1', from: 1, to: 2 }],
      ['[::1]:20000-20001', { host: '::1', from: 20_000, to: 20_001 }],
    ],
    bad: ['', ':20000', ':2-1', ':5-5', ':0-10', ':1-65536', 'a:1-b'],
  },
  'a whole number from 1': {
    parse: positiveInteger,
    good: [
      ['1', 1],
      ['200', 200],
    ],
    bad: ['0', '-1', '1.5', 'x', '', 'Infinity'],
  },
  'a time, in milliseconds': {
    parse: duration,
    good: [
      ['3s', 3000],
      ['500ms', 500],
      ['2m', 120_000],
      ['1.5', 1500],
      ['0', 0],
    ],
    bad: ['', 's', '3h', '-1s', '1,5s'],
  },
  'an http or https URL': {
    parse: httpUrl,
    good: [['http://127.0.0.1:4318', 'http://127.0.0.1:4318']],
    bad: ['', 'localhost:4318', 'ftp://a', '127.0.0.1'],
  },
  'DTMF keys': {
    parse: dtmf,
    good: [['12#*aDwW', '12#*aDwW']],
    bad: ['', '12 3', 'x', '12,3'],
  },
};

for (const [what, { parse, good, bad }] of Object.entries(TABLES)) {
  describe(`an option that is ${what}`, () => {
    for (const [given, result] of good) it(`takes ${given}`, () => assert.deepEqual(parse(given), result));
    for (const given of bad)
      it(`refuses "${given}" in words`, () => assert.throws(() => parse(given), /^.*It (must|may)/s));
  });
}
