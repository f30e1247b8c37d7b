import { EventEmitter } from 'node:events';
import type { EslEvent, FsmrfClient, FsmrfEndpoint, FsmrfMediaServer } from '../fsmrf.ts';

/** What an application of FreeSWITCH was told to do, and the way to say that it is done. */
export interface Execution {
  readonly app: string;
  readonly arg: string;
  readonly done: (response?: string) => void;
  readonly fail: (error: Error) => void;
}

/** An endpoint on FreeSWITCH that does what the test says. */
export class FakeEndpoint extends EventEmitter {
  readonly uuid = 'endpoint-1';
  readonly local = { sdp: 'v=0\r\no=FreeSWITCH\r\nm=audio 20000 RTP/AVP 0\r\n' };
  noDelay = false;
  readonly conn = { socket: { setNoDelay: (value: boolean) => (this.noDelay = value) } };
  readonly dialog = {
    connected: true,
    byes: 0,
    destroy: (_options: object, callback: (error: unknown) => void): void => {
      this.dialog.byes += 1;
      this.dialog.connected = false;
      callback(null);
    },
  };
  readonly executions: Execution[] = [];
  readonly apis: string[] = [];
  readonly modified: string[] = [];
  destroyed = 0;
  /** What becomes of `destroy`. */
  onDestroy: () => Promise<void> = () => Promise.resolve();
  /** What becomes of `modify`. */
  onModify: () => Promise<string> = () => Promise.resolve('');
  /** Applications of this name end at once with this response. */
  readonly responses = new Map<string, string>();

  get playing(): Execution | undefined {
    return this.executions.findLast(({ app }) => app === 'playback');
  }

  execute(app: string, arg: string, callback: (error: unknown, event: EslEvent) => void): void {
    const done = (response = 'FILE PLAYED'): void =>
      callback(null, {
        getHeader: (name) => (name === 'Application-Response' ? response : undefined),
        getBody: () => undefined,
      });
    this.executions.push({ app, arg, done, fail: (error) => callback(error, undefined as unknown as EslEvent) });
    if (app === 'playback') this.emit('playback-start', { file: arg });
    const response = this.responses.get(app);
    if (response !== undefined) queueMicrotask(() => done(response));
  }

  api(command: string, args: string, callback: (error: unknown) => void): void {
    this.apis.push(`${command} ${args}`);
    callback(null);
  }

  modify(sdp: string): Promise<string> {
    this.modified.push(sdp);
    return this.onModify();
  }

  destroy(): Promise<void> {
    this.destroyed += 1;
    return this.onDestroy();
  }

  get fsmrf(): FsmrfEndpoint {
    return this as unknown as FsmrfEndpoint;
  }
}

/** drachtio-fsmrf with one FreeSWITCH behind it. */
export class FakeFreeSwitch extends EventEmitter {
  readonly conn = Object.assign(new EventEmitter(), { reconnectOpts: {} as { retryMaxDelay?: number } });
  readonly _server = { server: new EventEmitter() };
  readonly sip = { ipv4: { udp: { address: '127.0.0.1:5080' } } };
  /** What is found when it is looked at; undefined: it cannot be used. */
  found: string | undefined = '127.0.0.1:5080';
  up = true;
  disconnects = 0;
  readonly offers: { remoteSdp?: string }[] = [];
  readonly endpoints: FakeEndpoint[] = [];
  /** How often it cannot be reached before it can. */
  refusals = 0;
  attempts = 0;
  /** What becomes of an endpoint that is asked for. */
  make: () => Promise<FakeEndpoint> = () => Promise.resolve(new FakeEndpoint());

  connected(): boolean {
    return this.up;
  }

  async createEndpoint(options: { remoteSdp?: string }): Promise<FsmrfEndpoint> {
    this.offers.push(options);
    const endpoint = await this.make();
    this.endpoints.push(endpoint);
    return endpoint.fsmrf;
  }

  disconnect(): void {
    this.disconnects += 1;
  }

  get client(): FsmrfClient {
    return {
      check: async () => {
        if (this.found === undefined) throw new Error('it has no such profile');
        return this.found;
      },
      connect: async () => {
        this.attempts += 1;
        if (this.attempts <= this.refusals) throw new Error('connection refused');
        return this as unknown as FsmrfMediaServer;
      },
    };
  }
}
