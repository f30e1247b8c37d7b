import { createHash } from 'node:crypto';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { streamCodes } from '../../crds/errors/stream.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Authenticate, WorkerIdentity } from '../distributor/stream-server.ts';
import type { KubeApi } from '../kube/api.ts';
import { reviewToken } from '../kube/reviews.ts';

/** Written by the API server into tokens that are bound to a Pod (KEP-1205). */
const POD_NAME = 'authentication.kubernetes.io/pod-name';
/** A verdict counts so long: workers that all connect anew at once are not all asked about. Milliseconds. */
const REMEMBERED_MS = 60_000;
const REMEMBERED = 10_000;

export interface WorkerTokensOptions {
  readonly api: Pick<KubeApi, 'ask'>;
  readonly audience: string;
  /** The only ServiceAccount that is let in. */
  readonly account: { readonly namespace: string; readonly name: string };
  readonly clock: Clock;
}

/** Checks the tokens of media workers: made for this audience, of the one ServiceAccount, bound to a Pod, whose name is the worker's. */
export function createWorkerTokens({ api, audience, account, clock }: WorkerTokensOptions): Authenticate {
  const username = `system:serviceaccount:${account.namespace}:${account.name}`;
  /** By the hash of the token: the tokens themselves are kept nowhere. The oldest first. */
  const known = new Map<string, { readonly identity: WorkerIdentity; readonly until: number }>();

  const refuse = (message: string): Fault => fault(streamCodes.unauthorized, message);

  return async (token, signal) => {
    const print = createHash('sha256').update(token).digest('base64');
    const now = clock.monotonic();
    const remembered = known.get(print);
    if (remembered !== undefined && now < remembered.until) return remembered.identity;
    const verdict = await reviewToken(api, token, [audience], signal);
    if (!verdict.authenticated) return refuse(`the token is refused: ${verdict.reason}`);
    const { identity } = verdict;
    if (identity.username !== username) {
      return refuse(`the token is of ${identity.username}; workers run as ${username}`);
    }
    const [worker] = identity.extra[POD_NAME] ?? [];
    if (worker === undefined || worker === '') {
      return refuse('the token is not bound to a Pod; workers have a projected ServiceAccount token');
    }
    known.delete(print);
    known.set(print, { identity: { worker }, until: now + REMEMBERED_MS });
    for (const oldest of known.keys()) {
      if (known.size <= REMEMBERED) break;
      known.delete(oldest);
    }
    return { worker };
  };
}
