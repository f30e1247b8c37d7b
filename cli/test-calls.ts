import type { TestCalls } from '../debug/api/test-calls.ts';
import { type PhoneCall, placeCall } from '../media-worker/softswitch/phone.ts';
import type { HostPort } from './options.ts';
import { localAddressFor, watchCall } from './watched-call.ts';

/** A test call that nobody hangs up ends by itself so long after the answer. */
const LONGEST_CALL_MS = 10 * 60_000;

/** The calls that the Live Debug page places: `pivot call` without a terminal. `sip`: where this `pivot up` takes calls, once it does. */
export class PageCalls implements TestCalls {
  readonly #sip: () => HostPort;
  readonly #calls = new Map<string, PhoneCall>();

  constructor(sip: () => HostPort) {
    this.#sip = sip;
  }

  async place({ number, from, press }: Parameters<TestCalls['place']>[0]): ReturnType<TestCalls['place']> {
    const { host, port } = this.#sip();
    const phone = await placeCall({
      number,
      from,
      sip: `${host.includes(':') ? `[${host}]` : host}:${port}`,
      host: localAddressFor(host),
    });
    this.#calls.set(phone.callId, phone);
    const ended = watchCall(phone, { press, hangupAfter: LONGEST_CALL_MS }).then(() => {
      this.#calls.delete(phone.callId);
    });
    return { callId: phone.callId, ended };
  }

  async press(callId: string, keys: string): Promise<boolean> {
    const phone = this.#calls.get(callId);
    if (phone?.state !== 'answered') return false;
    try {
      await phone.press(keys);
    } catch (error) {
      // The far end may hang up at a key before it is released.
      if (phone.state === 'answered') throw error;
    }
    return true;
  }

  hangUp(callId: string): boolean {
    const phone = this.#calls.get(callId);
    void phone?.hangup();
    return phone !== undefined;
  }

  /** Hangs up all. */
  async close(): Promise<void> {
    await Promise.all([...this.#calls.values()].map((phone) => phone.hangup()));
  }
}
