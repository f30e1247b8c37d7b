import { EventEmitter } from 'node:events';
import type { SendOptions, SignallingClient, SipDialog, SipHeaders, SipRequest, SipResponse } from '../../sip/srf.ts';

export const OFFER =
  'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';

export interface FakeRequestOptions {
  readonly method?: string;
  readonly uri?: string;
  readonly body?: string;
  /** Beside the usual ones; undefined leaves a usual one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** A request as drachtio-srf gives it: an emitter with headers. */
export type FakeRequest = SipRequest & EventEmitter;

export function fakeRequest(options: FakeRequestOptions = {}): FakeRequest {
  const usual: Record<string, string | undefined> = {
    'Call-ID': 'call-1@phone.example',
    From: '"Alice" <sip:+15550100@phone.example>;tag=1',
    To: '<sip:2030@pivot.example>',
    Contact: '<sip:alice@192.0.2.1:5060>',
    ...options.headers,
  };
  const headers = Object.fromEntries(
    Object.entries(usual).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const get = (name: string): string | undefined =>
    Object.entries(headers).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  return Object.assign(new EventEmitter(), {
    method: options.method ?? 'INVITE',
    uri: options.uri ?? 'sip:2030@pivot.example',
    body: options.body ?? OFFER,
    protocol: 'udp',
    source_address: '192.0.2.1',
    source_port: '5060',
    headers,
    get,
    has: (name: string) => get(name) !== undefined,
  });
}

export interface Sent extends SendOptions {
  readonly status: number;
  readonly reason?: string;
}

/** Keeps what is sent; refuses, as drachtio-srf does, to send anything behind a final status. */
export class FakeResponse implements SipResponse {
  readonly sent: Sent[] = [];
  /** Sends that came behind a final status: there must be none. */
  late = 0;
  /** Thrown by the next send, as when the connection is gone. */
  failure: Error | undefined;

  get finalResponseSent(): boolean {
    return this.sent.some(({ status }) => status >= 200);
  }

  get statuses(): number[] {
    return this.sent.map(({ status }) => status);
  }

  get last(): Sent | undefined {
    return this.sent.at(-1);
  }

  send(status: number, reasonOrOptions?: string | SendOptions, options?: SendOptions): void {
    if (this.failure !== undefined) throw this.failure;
    if (this.finalResponseSent) {
      this.late += 1;
      return;
    }
    const reason = typeof reasonOrOptions === 'string' ? { reason: reasonOrOptions } : {};
    this.sent.push({ status, ...reason, ...(typeof reasonOrOptions === 'string' ? options : reasonOrOptions) });
  }
}

/** The caller's dialog. `bye` and `request` are what the caller does. */
class FakeDialog extends EventEmitter {
  connected = true;
  readonly sip = { callId: 'call-1', localTag: '2', remoteTag: '1' };
  readonly local = { sdp: '' };
  readonly remote = { sdp: OFFER };
  /** Headers of each BYE that we sent. */
  readonly byes: (SipHeaders | undefined)[] = [];
  /** What becomes of our BYE; undefined: it is never answered. */
  byeResult: 'confirmed' | 'failed' | undefined = 'confirmed';

  bye(headers: SipHeaders = {}): void {
    this.connected = false;
    this.emit('destroy', fakeRequest({ method: 'BYE', body: '', headers }));
    this.removeAllListeners();
  }

  /** A request of the caller in the dialog; resolves with nothing: look at the response. */
  request(event: 'modify' | 'info' | 'refer', options: FakeRequestOptions): FakeResponse {
    const response = new FakeResponse();
    this.emit(event, fakeRequest(options), response);
    return response;
  }

  destroy(options: { headers?: SipHeaders }, callback: (error: unknown) => void): void {
    this.byes.push(options.headers);
    const result = this.byeResult;
    if (result === undefined) return;
    this.connected = false;
    queueMicrotask(() => callback(result === 'failed' ? new Error('dialog not found') : null));
  }
}

/** drachtio-srf with one caller. */
export class FakeSignalling {
  readonly dialog = new FakeDialog();
  /** Resolves or rejects to say what became of the 200; at once unless a test replaces it. */
  accept: () => Promise<void> = () => Promise.resolve();
  /** Answers that were sent. */
  readonly answers: { readonly localSdp: string; readonly headers?: SipHeaders }[] = [];

  async createUAS(
    _request: SipRequest,
    response: SipResponse,
    options: { localSdp: string; headers?: SipHeaders },
  ): Promise<SipDialog> {
    this.answers.push(options);
    response.send(200, {
      body: options.localSdp,
      ...(options.headers === undefined ? {} : { headers: options.headers }),
    });
    await this.accept();
    this.dialog.local.sdp = options.localSdp;
    return this.dialog as unknown as SipDialog;
  }

  get client(): SignallingClient {
    return this as unknown as SignallingClient;
  }
}
