import { createMemoryStore } from '../../shared-store/memory.ts';
import { createQueues, type Queues } from '../queues.ts';

/** Queues of one worker that is alone. */
export function ownQueues(now: () => number = Date.now): Queues {
  return createQueues({
    store: createMemoryStore(),
    worker: 'w1',
    now,
    addressOf: async () => undefined,
    ticketFor: async () => ({}),
  });
}
