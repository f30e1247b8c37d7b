/** SIP phones without a device: what `pivot call`, the tests over the outside surfaces and the benchmark call with. */
import { PivotError } from '../../crds/errors/fault.ts';
import { startCall } from './phone/call.ts';
import { ListeningEar } from './phone/ear.ts';
import { Ringing, type RingingCall, userOf } from './phone/ringing.ts';
import type { CallOptions, PhoneCall } from './phone/types.ts';
import { createRtpPorts } from './rtp/ports.ts';
import { createUserAgent } from './sip/user-agent.ts';

export type { RingingCall, TakenCall } from './phone/ringing.ts';
export type { CallEnd as PhoneCallEnd, CallOptions, PhoneCall } from './phone/types.ts';

export interface PhonesOptions {
  /** IP address to call from; the far end must be able to reach it. Default 127.0.0.1. */
  readonly host?: string;
  /** RTP ports, see `createRtpPorts`. Default `[0, 0]`, any free ones. */
  readonly ports?: readonly [from: number, to: number];
  /** SIP port. Default 0, a free one. */
  readonly sipPort?: number;
  /** Default `pivot-phone`. */
  readonly userAgent?: string;
}

/** Many phones on one SIP port, one user agent and one media clock. */
export interface Phones {
  /**
   * Sends an INVITE. Resolves as soon as it is sent, before any answer: then `events` can be watched. Rejects with a coded error when no
   * RTP port is free or the recording cannot be opened.
   */
  placeCall(options: CallOptions): Promise<PhoneCall>;
  /**
   * The next call to this user part of the Request-URI, now or later. From the first use on the phones take calls; one that nobody asks for rings
   * until it is cancelled.
   */
  ringing(user: string): Promise<RingingCall>;
  readonly sipPort: number;
  /** Calls that are not over. */
  readonly active: number;
  /** Hangs up what is open and closes all sockets. Resolves when nothing is left. */
  close(): Promise<void>;
}

export async function createPhones(options: PhonesOptions = {}): Promise<Phones> {
  const host = options.host ?? '127.0.0.1';
  const agent = await createUserAgent({
    host,
    port: options.sipPort ?? 0,
    transports: ['udp', 'tcp'],
    user: 'pivot-phone',
    userAgent: options.userAgent ?? 'pivot-phone',
  });
  const ports = createRtpPorts({ host, range: options.ports ?? [0, 0] });
  const calls = new Set<PhoneCall>();
  const incoming = new Set<Ringing>();
  /** Calls that came before anybody asked for them, and those who ask. */
  const untaken: Ringing[] = [];
  const asking: { readonly user: string; readonly give: (call: RingingCall) => void }[] = [];
  const takeCalls = (): void => {
    agent.onInvite = (invite) => {
      const call = new Ringing(invite, () => ports.open());
      incoming.add(call);
      void call.over.then(() => incoming.delete(call));
      const at = asking.findIndex(({ user }) => user === userOf(invite.invite));
      if (at < 0) untaken.push(call);
      else asking.splice(at, 1)[0]!.give(call);
    };
  };
  return {
    ringing(user) {
      if (agent.onInvite === undefined) takeCalls();
      const at = untaken.findIndex((call) => userOf(call.invite) === user);
      if (at >= 0) return Promise.resolve(untaken.splice(at, 1)[0]!);
      return new Promise((give) => asking.push({ user, give }));
    },
    async placeCall(callOptions) {
      const ear = await ListeningEar.open(callOptions.record);
      if ('code' in ear) throw new PivotError(ear);
      let call: PhoneCall;
      try {
        call = startCall(agent, await ports.open(), ear, callOptions);
      } catch (error) {
        ear.close();
        await ear.recorded();
        throw error;
      }
      calls.add(call);
      void call.ended.then(() => calls.delete(call));
      return call;
    },
    get sipPort() {
      return agent.udpPort;
    },
    get active() {
      return calls.size + incoming.size;
    },
    async close() {
      const ends = [...[...calls].map((call) => call.hangup()), ...[...incoming].map((call) => call.close())];
      // A far end that answers nothing is given up here, which ends its calls too.
      await agent.close();
      await Promise.all(ends);
      ports.close();
    },
  };
}

/** One call from a phone of its own, which is gone when the call is over. */
export async function placeCall(options: CallOptions & PhonesOptions): Promise<PhoneCall> {
  const phones = await createPhones(options);
  try {
    const call = await phones.placeCall(options);
    void call.ended.then(() => phones.close());
    return call;
  } catch (error) {
    await phones.close();
    throw error;
  }
}
