import type { Application } from '../execution.ts';
import { FrameQueue } from '../frame-queue.ts';

/** Sends back what comes in, until something ends it. */
export const echo: Application = {
  name: 'echo',
  async run(context) {
    const { channel } = context;
    const queue = new FrameQueue();
    channel.listen(queue);
    try {
      await context.play(queue);
    } finally {
      channel.unlisten(queue);
    }
  },
};
