import type { SpanMoment } from '../debug/stored-call.ts';
import type { PhoneCall } from '../media-worker/softswitch/phone.ts';

/** A span that started or ended, as the debug API streams it. */
export type DebugEvent = SpanMoment;

/** `<URL>;purpose=debug` (RFC 3261 section 20.9): where the far end keeps the call's debug log. */
const DEBUG_INFO = /<(https?:\/\/[^>\s]+)>\s*;\s*purpose=debug/i;

/**
 * Follows a call's trace in the debug API of a `pivot up`, which names it in `Call-Info` of its responses. Where there is none, nothing is
 * told. `finished` waits for the end of the trace, at most so many milliseconds.
 */
export function followCall(
  phone: PhoneCall,
  onEvent: (event: DebugEvent) => void,
): { finished(limitMs: number): Promise<void> } {
  const stop = new AbortController();
  let reading: Promise<void> | undefined;
  const begin = (): void => {
    const url = DEBUG_INFO.exec(phone.header('Call-Info') ?? '')?.[1];
    if (url !== undefined) reading ??= readEvents(`${url}/events`, onEvent, stop.signal).catch(() => {});
  };
  phone.events.on('provisional', begin);
  phone.events.on('answered', begin);
  phone.events.on('rejected', begin);
  return {
    async finished(limitMs) {
      const timer = setTimeout(() => stop.abort(), limitMs);
      await reading;
      clearTimeout(timer);
    },
  };
}

/** Reads server-sent events until the stream ends. */
async function readEvents(url: string, onEvent: (event: DebugEvent) => void, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { signal, headers: { accept: 'text/event-stream' } });
  if (!response.ok || response.body === null) return;
  let pending = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    pending += chunk;
    const messages = pending.split('\n\n');
    pending = messages.pop() ?? '';
    for (const message of messages) {
      const event = parseEvent(message);
      if (event !== undefined) onEvent(event);
    }
  }
}

function parseEvent(message: string): DebugEvent | undefined {
  const type = /^event: (start|end)$/m.exec(message)?.[1];
  const data = /^data: (.*)$/m.exec(message)?.[1];
  if (type === undefined || data === undefined) return undefined;
  return { type: type as DebugEvent['type'], span: JSON.parse(data) as DebugEvent['span'] };
}
