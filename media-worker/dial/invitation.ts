import type { SentRequest, SignallingClient, SipDialog, SipHeaders, SipRefusal, SipReply } from '../sip/srf.ts';

export type InviteResult =
  | { readonly kind: 'answered'; readonly dialog: SipDialog }
  /** A final response; `reason` is its Reason header. */
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string | undefined }
  /** drachtio-server did not send it. */
  | { readonly kind: 'not sent'; readonly message: string };

/** One INVITE that is under way. */
export interface Invitation {
  /** Its final response. Never rejects; settles at the latest when `forget` is called. */
  readonly final: Promise<InviteResult>;
  /** Sends CANCEL, as soon as that may be. A final response follows all the same, perhaps an answer. */
  cancel(): void;
  /** The connection to drachtio-server is gone: no response will come. */
  forget(): void;
}

export interface InvitationOptions {
  readonly uri: string;
  readonly proxy: string;
  readonly headers: SipHeaders;
  readonly localSdp: string;
  readonly auth: { readonly username: string; readonly password: string } | undefined;
  readonly onProvisional: (reply: SipReply) => void;
}

export function invite(client: SignallingClient, options: InvitationOptions): Invitation {
  const { uri, proxy, headers, localSdp, auth, onProvisional } = options;
  let request: SentRequest | undefined;
  let cancelled = false;
  const forgotten = Promise.withResolvers<InviteResult>();

  const sendCancel = (sent: SentRequest): void => {
    try {
      sent.cancel(() => {});
    } catch {
      // The connection broke: `forget` follows.
    }
  };
  const final = client
    .createUAC(
      uri,
      { headers: { ...headers }, localSdp, proxy, ...(auth === undefined ? {} : { auth }) },
      {
        cbRequest(_error, sent) {
          if (sent === undefined) return;
          request = sent;
          if (cancelled) sendCancel(sent);
        },
        cbProvisional: onProvisional,
      },
    )
    .then((dialog): InviteResult => ({ kind: 'answered', dialog }), refusalOf);
  return {
    final: Promise.race([final, forgotten.promise]),
    cancel() {
      if (cancelled) return;
      cancelled = true;
      if (request !== undefined) sendCancel(request);
    },
    forget: () => forgotten.resolve({ kind: 'not sent', message: 'the connection to drachtio-server is gone' }),
  };
}

function refusalOf(error: unknown): InviteResult {
  const { status, res } = error as Partial<SipRefusal>;
  if (typeof status === 'number') return { kind: 'refused', status, reason: res?.get('Reason') };
  return { kind: 'not sent', message: error instanceof Error ? error.message : String(error) };
}
