import type { FastifyInstance } from 'fastify';
import { debugCodes } from '../../crds/errors/debug.ts';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import { expectOwnOrigin } from './guards.ts';

/** What to call, and what to press. */
export interface TestCallRequest {
  readonly number: string;
  readonly from: string;
  /** Keys for one gather or prompt after the other, as `pivot call --press` takes them. */
  readonly press: readonly string[];
}

export interface TestCalls {
  /** Places a call and resolves with its Call-ID as soon as it is on its way. Rejects with a coded error when it cannot be placed. */
  place(request: TestCallRequest): Promise<{ readonly callId: string; readonly ended: Promise<void> }>;
  /** Presses keys now; false: as with `hangUp`. Rejects with a coded error when they cannot be sent. */
  press(callId: string, keys: string): Promise<boolean>;
  /** Hangs up; false: no call that was placed here has this Call-ID. */
  hangUp(callId: string): boolean;
}

const MOST_CALLS = 10;
const NUMBER = /^\+?[0-9*#A-Za-z._-]{1,64}$/;
const KEYS = /^[0-9*#A-Da-dwW]{1,64}$/;
const KEYS_ARE = 'keys 0-9, *, #, A-D, and w or W to pause';
const MOST_GROUPS = 50;
const DEFAULT_FROM = '+15550100';

/** `POST` places a test call, `DELETE` hangs it up; `POST …/keys` presses keys in it. */
export function registerTestCalls(server: FastifyInstance, calls: TestCalls): void {
  let active = 0;

  server.post('/debug/v1/test-calls', async (request, reply) => {
    expectOwnOrigin(request);
    const asked = readRequest(request.body);
    if (active >= MOST_CALLS)
      throw new PivotError(fault(debugCodes.tooBusy, `${MOST_CALLS} test calls are in progress, which is the limit`));
    active += 1;
    try {
      const { callId, ended } = await calls.place(asked);
      void ended.finally(() => {
        active -= 1;
      });
      return reply.code(202).send({ call_id: callId });
    } catch (error) {
      active -= 1;
      throw error;
    }
  });

  server.post<{ Params: { callId: string } }>('/debug/v1/test-calls/:callId/keys', async (request, reply) => {
    expectOwnOrigin(request);
    const { keys } = (request.body ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof keys !== 'string' || !KEYS.test(keys)) throw refused(`keys must be ${KEYS_ARE}`);
    if (await calls.press(request.params.callId, keys)) return reply.code(204).send();
    throw notInProgress(request.params.callId);
  });

  server.delete<{ Params: { callId: string } }>('/debug/v1/test-calls/:callId', async (request, reply) => {
    expectOwnOrigin(request);
    if (calls.hangUp(request.params.callId)) return reply.code(204).send();
    throw notInProgress(request.params.callId);
  });
}

function notInProgress(callId: string): PivotError {
  return new PivotError(fault(debugCodes.noCall, `No test call "${callId}" is in progress`));
}

/** The body is JSON: a form of another site cannot send that. */
function readRequest(body: unknown): TestCallRequest {
  if (typeof body !== 'object' || body === null) throw refused('The body must be a JSON object with a number');
  const { number, from = DEFAULT_FROM, press = [] } = body as Readonly<Record<string, unknown>>;
  if (typeof number !== 'string' || !NUMBER.test(number))
    throw refused('number must be a number or extension, such as 2030 or +14155550100');
  if (typeof from !== 'string' || !NUMBER.test(from)) throw refused('from must be a number, such as +15550100');
  if (!Array.isArray(press) || press.length > MOST_GROUPS || !press.every((keys) => KEYS.test(String(keys))))
    throw refused(`press must be a list of ${KEYS_ARE}`);
  return { number, from, press: press.map(String) };
}

function refused(message: string): PivotError {
  return new PivotError(fault(debugCodes.badQuery, message));
}
