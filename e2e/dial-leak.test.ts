/** Calls out of every outcome, again and again: nothing of them is left, neither endpoint nor dialog, timer, transaction, socket or span. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RingingCall } from '../media-worker/softswitch/phone.ts';
import { type Dialling, startDialling } from './dialling.ts';
import type { TracedCall } from './harness.ts';
import type { Standing } from './standing.ts';
import { twiml } from './web.ts';

const ROUNDS = 12;
/** Calls at once of one outcome. */
const AT_ONCE = 8;

describe('nothing of calls out is left', { timeout: 240_000 }, () => {
  let bench: Dialling;
  let atRest: Standing;

  before(async () => {
    bench = await startDialling({
      documents: (sip) => ({
        '1': `<Dial>\n<Sip>${sip('answered')}</Sip></Dial>`,
        '2': `<Dial><Sip>${sip('busy')}</Sip></Dial>`,
        '3': `<Dial timeout="1"><Sip>${sip('silent')}</Sip></Dial>`,
        '4': `<Dial><Sip>${sip('cancelled')}</Sip></Dial>`,
        '5': `<Dial><Sip>sip:nobody@127.0.0.1:1</Sip><Number>1</Number></Dial>`,
        '6': `<Dial><Sip url="/screen">${sip('declines')}</Sip></Dial>`,
        '7': `<Dial timeout="5"><Sip>${sip('wins')}</Sip><Sip>${sip('loses')}</Sip><Sip>${sip('loses')}</Sip></Dial>`,
        '8': `<Dial record="record-from-answer"><Sip>${sip('gone')}</Sip></Dial>`,
      }),
      also: (web) => web.on('/screen', twiml('<Hangup/>')),
    });
    for (const outcome of Object.values(outcomes)) await outcome();
    atRest = await rest();
  });

  after(() => bench?.close());

  async function rest(): Promise<Standing> {
    bench.web.closeIdle();
    return bench.pivot.standing();
  }

  /** One call; `callee` does its part. */
  async function dialled(
    number: string,
    user: string | undefined,
    callee: (ringing: RingingCall, caller: TracedCall) => Promise<unknown>,
  ): Promise<void> {
    const caller = await bench.call(number);
    if (user !== undefined) await callee(await bench.callees.ringing(user), caller);
    await whole(caller);
  }

  /** The call is over, and every span of it was ended before its root. */
  async function whole(caller: TracedCall): Promise<void> {
    await caller.phone.ended;
    const root = await caller.trace.root;
    assert.notEqual(root.endedAt, undefined);
    const ended = new Set(caller.trace.events.flatMap(({ type, span }) => (type === 'end' ? [span.spanId] : [])));
    const open = caller.trace.events.flatMap(({ type, span }) =>
      type === 'start' && !ended.has(span.spanId) ? [span.name] : [],
    );
    assert.deepEqual(open, [], 'spans that were not ended');
  }

  const outcomes = {
    answered: () =>
      dialled('1', 'answered', async (ringing) => {
        ringing.ring();
        await (await ringing.answer()).hangup();
      }),
    busy: () => dialled('2', 'busy', async (ringing) => ringing.reject(486)),
    'no answer': () => dialled('3', 'silent', async (ringing) => ringing.ring()),
    cancelled: () =>
      dialled('4', 'cancelled', async (ringing, { phone, trace }) => {
        ringing.ring();
        // It may be another caller's leg that rings; as many are called as there are callers.
        await trace.started('INVITE');
        await phone.hangup();
      }),
    'cancelled at any moment': async () => {
      const caller = await bench.call('4');
      await delay(Math.random() * 60);
      await caller.phone.hangup();
      await whole(caller);
    },
    failed: () => dialled('5', undefined, async () => {}),
    declined: () => dialled('6', 'declines', async (ringing) => (await ringing.answer()).ended),
    'several rung': () =>
      dialled('7', 'wins', async (ringing) => {
        const losers = await Promise.all([bench.callees.ringing('loses'), bench.callees.ringing('loses')]);
        for (const loser of losers) loser.ring();
        await (await ringing.answer()).hangup();
      }),
    'caller gone while recorded': () =>
      dialled('8', 'gone', async (ringing, { phone }) => {
        const callee = await ringing.answer();
        await phone.answered;
        await phone.hangup();
        await callee.ended;
      }),
  };

  for (const [name, outcome] of Object.entries(outcomes)) {
    test(`${name}: ${ROUNDS * AT_ONCE} times`, async () => {
      for (let round = 0; round < ROUNDS; round += 1) await Promise.all(Array.from({ length: AT_ONCE }, outcome));
      bench.web.closeIdle();
      await bench.pivot.settled(atRest);
    });
  }

  test('the transactions end too', async () => {
    bench.web.closeIdle();
    await bench.pivot.allOver({ ...atRest, pivot_softswitch_transactions: 0 });
    assert.equal(bench.callees.active, 0);
  });
});
