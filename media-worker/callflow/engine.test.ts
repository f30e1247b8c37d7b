import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallflowNode } from '../../crds/callflow/node.ts';
import { engineCodes } from '../../crds/errors/engine.ts';
import type { CallEnd } from '../call/call.ts';
import { MOST_ACTIONS, MOST_BRANCHES } from './engine.ts';
import type { CallflowModule, ModuleContext, Outcome } from './module.ts';
import { type FlowResult, type FlowScenario, runFlow } from './testing/run-flow.ts';

type Behaviour = Outcome | ((context: ModuleContext) => Promise<Outcome> | Outcome);

/** A node whose module is a name among `modules`. */
function node(
  module: string,
  children?: Readonly<Record<string, CallflowNode>>,
  data: CallflowNode['data'] = {},
): CallflowNode {
  return { module, data, ...(children === undefined ? {} : { children }) };
}

const EMPTY = {} as unknown as CallflowNode;

/** Runs a flow of made-up modules; `ran` says which ran, in order. A module without a behaviour continues. */
async function run(
  flow: CallflowNode,
  behaviours: Readonly<Record<string, Behaviour>> = {},
  scenario: FlowScenario = {},
): Promise<FlowResult & { order: string }> {
  const order: string[] = [];
  const modules = (name: string): CallflowModule | undefined => {
    if (name.startsWith('unknown')) return undefined;
    return {
      name,
      async run(context) {
        order.push(name);
        const behaviour = behaviours[name] ?? { kind: 'continue' };
        return typeof behaviour === 'function' ? behaviour(context) : behaviour;
      },
    };
  };
  const result = await runFlow(flow, { ...scenario, modules });
  return { ...result, order: order.join(' ') };
}

const WORKER_END: CallEnd = { side: 'worker', cause: 'NORMAL_CLEARING' };

describe('a flow (spec A.5, A.6)', () => {
  it('runs each child named _ in turn and hangs up at its end with normal clearing', async () => {
    const { order, end } = await run(node('a', { _: node('b', { _: node('c') }) }));
    assert.equal(order, 'a b c');
    assert.deepEqual(end, WORKER_END);
  });

  it('that is {} ends at once', async () => {
    assert.deepEqual((await run(EMPTY)).end, WORKER_END);
  });

  it('stops at a child that is {}', async () => {
    assert.equal((await run(node('a', { _: EMPTY }))).order, 'a');
    const named = await run(node('a', { 1: EMPTY, _: node('b') }), { a: { kind: 'continue', key: '1' } });
    assert.equal(named.order, 'a');
  });

  it('stops where a module continues and there are no children', async () => {
    assert.equal((await run(node('a'), { a: { kind: 'continue', key: 'x' } })).order, 'a');
  });

  it('goes on at the child a module names, else at _, else stops', async () => {
    const children = { 1: node('one'), _: node('other') };
    assert.equal((await run(node('a', children), { a: { kind: 'continue', key: '1' } })).order, 'a one');
    assert.equal((await run(node('a', children), { a: { kind: 'continue', key: '2' } })).order, 'a other');
    assert.equal((await run(node('a', { 1: node('one') }), { a: { kind: 'continue', key: '2' } })).order, 'a');
  });

  it('knows only children of its own: a key like "constructor" or "__proto__" is no child', async () => {
    for (const key of ['constructor', 'toString', '__proto__']) {
      assert.equal((await run(node('a', { _: node('b') }), { a: { kind: 'continue', key } })).order, 'a b');
      const attempt: Outcome = { kind: 'attempt', keys: [key], otherwise: { kind: 'stop' } };
      assert.equal((await run(node('a', { _: node('b') }), { a: attempt })).order, 'a');
    }
  });

  it('skips an unknown module at its _, with a warning, and without its name in the span', async () => {
    const { order, warnings, spans } = await run(node('unknown_one', { _: node('b') }));
    assert.equal(order, 'b');
    assert.deepEqual(warnings, [engineCodes.moduleNotRun.code]);
    assert.ok(spans.some((span) => span.name === 'action other'));
  });

  it('skips a node with skip_module at its _', async () => {
    const { order, spans } = await run(node('a', { _: node('b') }, { skip_module: true }));
    assert.equal(order, 'b');
    assert.ok(spans.some((span) => span.events.some((event) => event.name === 'pivot.action.skipped')));
  });

  it('goes on at _ when a module throws, and says so in the trace', async () => {
    const { order, errors, end } = await run(node('a', { _: node('b') }), {
      a: () => {
        throw new Error('a bug');
      },
    });
    assert.equal(order, 'a b');
    assert.deepEqual(errors, [engineCodes.moduleFailed.code]);
    assert.deepEqual(end, WORKER_END);
  });

  it('ends each span that it starts', async () => {
    const { ran } = await run(node('a', { _: node('unknown_b', { _: node('c') }) }), {
      a: () => Promise.reject(new Error('a bug')),
    });
    assert.deepEqual(ran, ['a', 'unknown_b', 'c']);
  });
});

describe('an attempt', () => {
  const children = { USER_BUSY: node('busy'), 'sip:480': EMPTY, _: node('other') };

  it('runs the first of its keys that is a child', async () => {
    const attempt: Outcome = { kind: 'attempt', keys: ['NO_ANSWER', 'USER_BUSY'], otherwise: { kind: 'continue' } };
    assert.equal((await run(node('a', children), { a: attempt })).order, 'a busy');
  });

  it('does otherwise when none is, or only an empty one', async () => {
    const attempt: Outcome = { kind: 'attempt', keys: ['NO_ANSWER', 'sip:480'], otherwise: { kind: 'continue' } };
    assert.equal((await run(node('a', children), { a: attempt })).order, 'a other');
    const stop: Outcome = { kind: 'attempt', keys: ['x'], otherwise: { kind: 'stop', cause: 'USER_BUSY' } };
    const { order, end } = await run(node('a', children), { a: stop });
    assert.equal(order, 'a');
    assert.equal(end.cause, 'USER_BUSY');
  });

  it('may be followed by another', async () => {
    const inner: Outcome = { kind: 'attempt', keys: ['USER_BUSY'], otherwise: { kind: 'stop' } };
    assert.equal(
      (await run(node('a', children), { a: { kind: 'attempt', keys: ['x'], otherwise: inner } })).order,
      'a busy',
    );
  });
});

describe('branching into another flow', () => {
  it('comes back to the _ of the node that branched when the other flow ends', async () => {
    const other = node('x', { _: node('y') });
    const { order } = await run(node('a', { _: node('b') }), { a: { kind: 'branch', flow: other } });
    assert.equal(order, 'a x y b');
  });

  it('comes back also when the other flow stops, has no children, or is {}', async () => {
    const flow = node('a', { _: node('b') });
    assert.equal((await run(flow, { a: { kind: 'branch', flow: node('x') }, x: { kind: 'stop' } })).order, 'a x b');
    assert.equal((await run(flow, { a: { kind: 'branch', flow: EMPTY } })).order, 'a b');
  });

  it('without a _ to come back to comes back to the one before', async () => {
    const inner = node('inner');
    const outer = node('outer', { x: node('never') });
    const { order } = await run(node('a', { _: node('b') }), {
      a: { kind: 'branch', flow: outer },
      outer: { kind: 'branch', flow: inner },
    });
    assert.equal(order, 'a outer inner b');
  });

  it('nests: the last that branched is the first that goes on', async () => {
    const { order } = await run(node('a', { _: node('after_a') }), {
      a: { kind: 'branch', flow: node('b', { _: node('after_b') }) },
      b: { kind: 'branch', flow: node('c') },
    });
    assert.equal(order, 'a b c after_b after_a');
  });

  it('ends the call whatever branched when a module stops hard', async () => {
    const { order, end } = await run(node('a', { _: node('b') }), {
      a: { kind: 'branch', flow: node('x') },
      x: { kind: 'hardStop', cause: 'CALL_REJECTED' },
    });
    assert.equal(order, 'a x');
    assert.equal(end.cause, 'CALL_REJECTED');
  });

  it('forgets the cause of a stop that was not the end', async () => {
    const { end } = await run(node('a', { _: node('b') }), {
      a: { kind: 'branch', flow: node('x') },
      x: { kind: 'stop', cause: 'USER_BUSY' },
    });
    assert.equal(end.cause, 'NORMAL_CLEARING');
  });

  it('is done 50 times in a call; the 51st ends it with an error', async () => {
    const loop = node('a', { _: node('never') });
    const { order, errors, end } = await run(loop, { a: () => ({ kind: 'branch', flow: loop }) });
    assert.equal(order.split(' ').length, MOST_BRANCHES + 1);
    assert.ok(!order.includes('never'));
    assert.deepEqual(errors, [engineCodes.tooManyBranches.code]);
    assert.equal(end.side, 'worker');
  });
});

describe('replacing the flow', () => {
  it('drops the children of the node, and keeps what branched here', async () => {
    const { order } = await run(node('a', { _: node('after_a') }), {
      a: { kind: 'branch', flow: node('p', { _: node('never') }) },
      p: { kind: 'replace', flow: node('x', { _: node('y') }) },
    });
    assert.equal(order, 'a p x y after_a');
  });

  it('by {} ends it', async () => {
    assert.equal((await run(node('a', { _: node('b') }), { a: { kind: 'replace', flow: EMPTY } })).order, 'a');
  });

  it('goes on for 10,000 actions, then ends the call with an error', async () => {
    const loop = node('a');
    const { order, errors } = await run(loop, { a: { kind: 'replace', flow: loop } });
    assert.equal(order.split(' ').length, MOST_ACTIONS);
    assert.deepEqual(errors, [engineCodes.tooManyActions.code]);
  });
});

describe('a caller who hangs up', () => {
  const byCaller: CallEnd = { side: 'caller', cause: 'NORMAL_CLEARING' };

  it('before the first action: nothing runs', async () => {
    const { order, end } = await run(node('a'), {}, { before: (call) => call.end(byCaller) });
    assert.equal(order, '');
    assert.deepEqual(end, byCaller);
  });

  it('while a module runs: it is cut off, nothing else runs, and it is no error', async () => {
    const { order, end, errors, spans, ms } = await run(
      node('a', { _: node('b') }),
      { a: ({ call }) => call.sleep(60_000).then(() => ({ kind: 'continue' })) },
      { callerHangsUpAt: 1000 },
    );
    assert.equal(order, 'a');
    assert.deepEqual(end, byCaller);
    assert.deepEqual(errors, []);
    assert.ok(ms <= 1100);
    assert.ok(spans.some((span) => span.attributes['pivot.action.outcome'] === 'hangup'));
  });

  it('while a module runs that asks to go on all the same: it does not', async () => {
    const goesOn: Behaviour = ({ call }) =>
      call.sleep(60_000).then(
        () => ({ kind: 'continue' }),
        () => ({ kind: 'continue' }),
      );
    const { order } = await run(node('a', { _: node('b') }), { a: goesOn }, { callerHangsUpAt: 1000 });
    assert.equal(order, 'a');
  });

  it('in a branched flow: the flow that branched does not go on either', async () => {
    const { order } = await run(
      node('a', { _: node('b') }),
      {
        a: { kind: 'branch', flow: node('x') },
        x: ({ call }) => call.sleep(60_000).then(() => ({ kind: 'stop' })),
      },
      { callerHangsUpAt: 1000 },
    );
    assert.equal(order, 'a x');
  });
});

it('a call whose hang-up fails does not bring the engine down', async () => {
  const { order } = await run(
    node('a'),
    {},
    {
      before: (call) => {
        call.hangup = () => {
          call.end(WORKER_END);
          return Promise.reject(new Error('no connection'));
        };
      },
    },
  );
  assert.equal(order, 'a');
});
