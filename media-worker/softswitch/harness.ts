/** For tests: the softswitch, the real drachtio-srf and drachtio-fsmrf, and a phone. */

import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { type ClockedRtpPorts, createRtpPorts } from './rtp/ports.ts';
import { answerOffer, makeOffer, readAnswer } from './rtp/sdp.ts';
import type { RtpSession } from './rtp/types.ts';
import type { Dialog } from './sip/types.ts';
import { createUserAgent } from './sip/user-agent.ts';
import { type Softswitch, startSoftswitch } from './softswitch.ts';

const require = createRequire(import.meta.url);

/** What the tests use of drachtio-fsmrf's classes, which have no types worth the name. */
export interface Endpoint {
  readonly uuid: string;
  readonly connected: boolean;
  readonly local: { readonly sdp: string; readonly mediaPort: string };
  readonly remote: { readonly sdp: string };
  readonly dtmfType: string;
  readonly conf: { readonly memberId: number };
  readonly dialog: { destroy(): void };
  readonly conn: { on(name: string, listener: (event: EslEvent) => void): void; send(command: string): void };
  play(file: string | string[] | { file: string; seekOffset?: number }): Promise<Record<string, string>>;
  playCollect(options: Record<string, unknown>): Promise<Record<string, string | undefined>>;
  record(file: string, options?: Record<string, unknown>): Promise<Record<string, string>>;
  speak(options: Record<string, unknown>): Promise<void>;
  set(name: string | Record<string, string>, value?: string): Promise<void>;
  bridge(other: Endpoint | string): Promise<void>;
  unbridge(): Promise<void>;
  join(name: string | Conference, options?: Record<string, unknown>): Promise<{ memberId: number; confUuid: string }>;
  unjoin(): Promise<string>;
  confMute(): Promise<string>;
  confUnmute(): Promise<string>;
  confPlay(file: string): Promise<unknown>;
  mute(): Promise<unknown>;
  modify(sdp: string): Promise<unknown>;
  execute(app: string, args?: string): Promise<EslEvent>;
  api(command: string, args?: string | readonly string[]): Promise<EslEvent>;
  getChannelVariables(media: boolean): Promise<Record<string, string>>;
  destroy(): Promise<void>;
  on(name: string, listener: (...args: never[]) => void): void;
  once(name: string, listener: (...args: never[]) => void): void;
}

export interface Conference {
  readonly name: string;
  readonly participants: Map<number, unknown>;
  getSize(): Promise<number>;
  list(): Promise<EslEvent>;
  play(file: string | string[]): Promise<{ seconds: number; samples: number; milliseconds: number }>;
  mute(who: string): Promise<string>;
  lock(): Promise<string>;
  startRecording(file: string): Promise<string>;
  stopRecording(file: string): Promise<string>;
  destroy(): Promise<void>;
}

export interface EslEvent {
  getHeader(name: string): string | undefined;
  getBody(): string;
}

export interface MediaServer {
  readonly maxSessions: number;
  api(command: string): Promise<string>;
  createEndpoint(options?: Record<string, unknown>): Promise<Endpoint>;
  connectCaller(req: unknown, res: unknown, options?: unknown): Promise<{ endpoint: Endpoint; dialog: SrfDialog }>;
  createConference(name: string, options?: Record<string, unknown>): Promise<Conference>;
  disconnect(): void;
  readonly conn: { on(name: string, listener: (event: EslEvent) => void): void };
}

export interface SrfDialog {
  destroy(): Promise<unknown>;
  on(name: string, listener: () => void): void;
}

export interface Phone {
  readonly dialog: Dialog;
  readonly rtp: RtpSession;
  readonly endpoint: Endpoint;
  readonly srfDialog: SrfDialog;
}

const SECRET = 'cymru';
const PASSWORD = 'ClueCon';

export interface Rig {
  readonly softswitch: Softswitch;
  readonly ms: MediaServer;
  /** Errors that the softswitch logged. */
  readonly problems: readonly string[];
  /** Calls in; resolves with both ends once drachtio-fsmrf has connected the caller. */
  call(): Promise<Phone>;
  /** Resolves when no session, dialog or event socket (but fsmrf's own) is left. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

export async function startRig(options: { readonly inline: boolean }): Promise<Rig> {
  const rtp: ClockedRtpPorts = createRtpPorts({ host: '127.0.0.1', range: [0, 0] });
  const problems: string[] = [];
  const softswitch = await startSoftswitch({
    inline: options.inline,
    sip: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0, secret: SECRET },
    esl: { host: '127.0.0.1', port: 0, password: PASSWORD },
    rtp: { host: '127.0.0.1', from: 0, to: 0 },
    maxSessions: 100,
    log: (level, message, fields) => {
      if (level === 'error') problems.push(`${message} ${JSON.stringify(fields)}`);
    },
  });
  // biome-ignore lint/suspicious/noExplicitAny: drachtio-srf has no types for this
  const Srf = require('drachtio-srf') as any;
  // biome-ignore lint/suspicious/noExplicitAny: nor has drachtio-fsmrf
  const Mrf = require('drachtio-fsmrf') as any;
  const srf = new Srf();
  srf.connect({ host: '127.0.0.1', port: softswitch.adminPort, secret: SECRET });
  await once(srf, 'connect');
  const ms: MediaServer = await new Mrf(srf).connect({
    address: '127.0.0.1',
    port: softswitch.eslPort,
    secret: PASSWORD,
    listenAddress: '127.0.0.1',
    listenPort: 0,
  });
  const agent = await createUserAgent({
    host: '127.0.0.1',
    port: 0,
    transports: ['udp'],
    user: 'alice',
    userAgent: 'test phone',
  });
  let next: ((phone: { endpoint: Endpoint; dialog: SrfDialog }) => void) | undefined;
  let failed: ((error: unknown) => void) | undefined;
  srf.invite((req: unknown, res: unknown) => {
    ms.connectCaller(req, res).then((pair) => next?.(pair), failed);
  });

  return {
    softswitch,
    ms,
    problems,
    async quiet() {
      for (;;) {
        const { sessions, conferences, dialogs, connections } = await softswitch.statistics();
        if (sessions === 0 && conferences === 0 && dialogs === 0 && connections === 1) return;
        await setImmediate();
      }
    },
    async call(): Promise<Phone> {
      const session = await rtp.open();
      const local = { address: '127.0.0.1', port: session.localPort };
      const connected = new Promise<{ endpoint: Endpoint; dialog: SrfDialog }>((resolve, reject) => {
        next = resolve;
        failed = reject;
      });
      const placed = agent.invite({
        uri: `sip:app@127.0.0.1:${softswitch.sipPort}`,
        from: 'sip:alice@caller.example',
        sdp: makeOffer(local),
      });
      const dialog = await placed.answered;
      const remote = readAnswer(dialog.remoteSdp);
      if (!('code' in remote)) session.setRemote(remote);
      dialog.onReinvite = (sdp) => {
        const again = answerOffer(sdp, local);
        return 'code' in again ? dialog.localSdp : again.sdp;
      };
      const pair = await connected;
      return { dialog, rtp: session, endpoint: pair.endpoint, srfDialog: pair.dialog };
    },
    async close(): Promise<void> {
      ms.disconnect();
      srf.disconnect();
      await agent.close();
      await softswitch.close();
      rtp.close();
    },
  };
}
