import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { next, type Result, run, type Scenario } from './testing/scenario.ts';

/** One row of pivot-behaviour 11.4: the document, what is done to it, what must come of it. Sounds last 2 s unless given. */
interface Row {
  readonly name?: string;
  readonly document: string;
  readonly scenario?: Scenario;
  readonly expect: (result: Result) => void;
}

const GATHER = '<Gather numDigits="2" action="/g"><Say>x</Say></Gather><Say>none</Say>';
const did = (result: Result): string[] => result.log.map((done) => done.did);
const endedNormally = (result: Result): void => {
  assert.deepEqual(result.outcome, { kind: 'finished' });
  assert.equal(result.log.at(-1)?.did, 'hangup');
};

const ROWS: readonly Row[] = [
  {
    document: '<Say>Hi</Say>',
    expect: (result) => {
      assert.deepEqual(did(result), ['answer', 'play', 'played', 'hangup']);
      assert.deepEqual(result.heard, ['Hi']);
      endedNormally(result);
    },
  },
  {
    document: '<Say language="en-US" voice="alice" loop="2">Hi</Say>',
    expect: (result) => assert.deepEqual(result.heard, ['Hi', 'Hi']),
  },
  {
    document: '<Say><![CDATA[a & b]]></Say>',
    expect: (result) => assert.deepEqual(result.heard, ['a & b']),
  },
  {
    name: '<Foo/><Say>Hi</Say> (T1)',
    document: '<Foo/><Say>Hi</Say>',
    expect: (result) => {
      assert.deepEqual(result.warnings, ['PV-1350']);
      assert.deepEqual(result.heard, ['Hi']);
    },
  },
  {
    name: `${GATHER}, keys 12`,
    document: GATHER,
    scenario: {
      keys: [
        [500, '1'],
        [900, '2'],
      ],
    },
    expect: (result) => {
      assert.deepEqual(next(result), {
        url: 'https://app.example.com/g',
        method: 'POST',
        parameters: { Digits: '12' },
      });
      assert.deepEqual(
        result.log.find((done) => done.did === 'played'),
        { at: 500, did: 'played', what: 'x', how: 'stopped' },
      );
    },
  },
  {
    name: 'same, no keys: "none" after prompt + 5 s',
    document: GATHER,
    expect: (result) => {
      assert.deepEqual(result.heard, ['x', 'none']);
      assert.equal(result.log.find((done) => done.did === 'play' && done.at > 0)?.at, 7000);
    },
  },
  {
    name: 'same, key #: "none" at once, prompt stopped',
    document: GATHER,
    scenario: { keys: [[700, '#']] },
    expect: (result) => {
      assert.deepEqual(result.heard, ['x', 'none']);
      assert.equal(result.log.find((done) => done.did === 'play' && done.at > 0)?.at, 700);
    },
  },
  {
    name: 'same, keys 1 at 4 s, 2 at 8 s after prompt: the timer restarts',
    document: GATHER,
    scenario: {
      keys: [
        [6000, '1'],
        [10_000, '2'],
      ],
    },
    expect: (result) => assert.equal(next(result).parameters['Digits'], '12'),
  },
  {
    name: '<Gather/>, keys 123#',
    document: '<Gather/>',
    scenario: { keys: [[100, '123#']] },
    expect: (result) => {
      assert.equal(next(result).url, 'https://app.example.com/ivr/start.php');
      assert.equal(next(result).method, 'POST');
      assert.equal(next(result).parameters['Digits'], '123');
    },
  },
  {
    name: '<Gather actionOnEmptyResult="true" action="/g"/>, no keys: without Digits',
    document: '<Gather actionOnEmptyResult="true" action="/g"/>',
    expect: (result) =>
      assert.deepEqual(next(result), { url: 'https://app.example.com/g', method: 'POST', parameters: {} }),
  },
  {
    name: '<Gather finishOnKey="" numDigits="3"/>, 1#2',
    document: '<Gather finishOnKey="" numDigits="3"/>',
    scenario: { keys: [[100, '1#2']] },
    expect: (result) => assert.equal(next(result).parameters['Digits'], '1#2'),
  },
  {
    document: '<Redirect method="GET">/n?Digits=TIMEOUT</Redirect>',
    expect: (result) =>
      assert.deepEqual(next(result), {
        url: 'https://app.example.com/n?Digits=TIMEOUT',
        method: 'GET',
        parameters: {},
      }),
  },
  {
    document: '<Redirect/>',
    expect: (result) => assert.equal(next(result).url, 'https://app.example.com/ivr/start.php'),
  },
  {
    document: '<Redirect><Variable key="a" value="1"/>/n</Redirect>',
    expect: (result) => {
      assert.equal(next(result).url, 'https://app.example.com/n');
      assert.deepEqual(Object.fromEntries(result.call.memory.variables), { a: '1' });
    },
  },
  {
    document: '<Set><Variable key="a" value="1"/><Variable key="b" value="2"/></Set><Redirect>/n</Redirect>',
    expect: (result) => {
      assert.equal(next(result).url, 'https://app.example.com/n');
      assert.deepEqual(Object.fromEntries(result.call.memory.variables), { a: '1', b: '2' });
    },
  },
  { document: '<Pause length="0"/>', expect: (result) => assert.equal(result.ms, 0) },
  { document: '<Pause length="9999"/>', expect: (result) => assert.equal(result.ms, 3_600_000) },
  {
    document: '<Reject reason="busy"/>',
    expect: (result) => assert.deepEqual(result.log, [{ at: 0, did: 'hangup', cause: 'USER_BUSY', sipStatus: 486 }]),
  },
  {
    document: '<Say>x</Say><Hangup/>',
    expect: (result) => {
      assert.deepEqual(result.outcome, { kind: 'stop' });
      assert.equal(result.log.at(-1)?.did, 'hangup');
    },
  },
  { name: '<Response/> (11.3): hang up, no error', document: '', expect: endedNormally },
  {
    document: '<Record timeout="10"></Record><Say>Thank You</Say>',
    expect: (result) => {
      assert.ok(result.log.some(({ did }) => did === 'record'));
      assert.equal(result.heard.at(-1), 'Thank You');
      endedNormally(result);
    },
  },
];

suite('pivot-behaviour 11.4', () => {
  for (const { name, document, scenario, expect } of ROWS) {
    test(name ?? document, async () => expect(await run(document, scenario)));
  }
});
