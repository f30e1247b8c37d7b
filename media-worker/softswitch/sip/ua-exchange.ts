import { type DialogState, type InDialogOptions, refreshTarget, requestInDialog } from './dialog.ts';
import { answerChallenge, type Credentials, parseChallenge } from './digest.ts';
import { sipFailure } from './failure.ts';
import { first, type HeaderLine, line } from './message.ts';
import { resolveTarget, targetOf } from './resolve.ts';
import type { IncomingResponse } from './transaction-types.ts';
import type { Peer } from './transport.ts';
import { contactFor, contentHeaders, sendTo, type UaContext } from './ua-context.ts';

export interface ExchangeOptions {
  readonly state: DialogState;
  /** Where the far end was last heard from. */
  readonly flow: Peer;
  readonly credentials?: Credentials | undefined;
  /** The far end does not know the dialog any more, or is gone (RFC 3261 section 12.2.1.2). */
  readonly lost: () => void;
}

/** Requests of ours in a dialog. */
export interface Exchange {
  /** One request and its final response, with one answer to a challenge. Rejects with 408 or 503 of our own. */
  exchange(method: string, headers: readonly HeaderLine[], body: string): Promise<IncomingResponse>;
  /** Sends the ACK to a 2xx of the far end; `seq` is the INVITE's. */
  acknowledge(seq: number, body: string): void;
}

export function createExchange(context: UaContext, options: ExchangeOptions): Exchange {
  const { state, flow, credentials } = options;

  async function exchange(method: string, headers: readonly HeaderLine[], body: string): Promise<IncomingResponse> {
    const response = await exchangeOnce(method, headers, body);
    const { status } = response.message;
    if ((status === 401 || status === 407) && credentials !== undefined) {
      const value = first(response.message, status === 401 ? 'www-authenticate' : 'proxy-authenticate') ?? '';
      const challenge = parseChallenge(value);
      if (challenge !== undefined) {
        const name = status === 401 ? 'Authorization' : 'Proxy-Authorization';
        const proof = answerChallenge(challenge, credentials, method, state.remoteTarget);
        return exchangeOnce(method, [...headers, line(name, proof)], body);
      }
    }
    return response;
  }

  function exchangeOnce(method: string, headers: readonly HeaderLine[], body: string): Promise<IncomingResponse> {
    return new Promise((resolve, reject) => {
      const seq = ++state.localSeq;
      let acked = '';
      const built = (withContact: readonly HeaderLine[]) => {
        const request: InDialogOptions = {
          seq,
          headers: [
            ...withContact,
            ...headers,
            line('User-Agent', context.options.userAgent),
            line('Content-Length', '0'),
          ],
          body,
        };
        return requestInDialog(state, method, request);
      };
      const { nextHop } = built([]);
      const target = method === 'INVITE' || method === 'UPDATE';
      sendTo(
        context,
        nextHop,
        flow,
        {
          onResponse(response) {
            const { status } = response.message;
            if (status < 200) return;
            if (target && status < 300) {
              if (method === 'INVITE' && acked === 'yes') {
                acknowledge(seq, '');
                return;
              }
              refreshTarget(state, response.message);
              if (method === 'INVITE') acknowledge(seq, '');
              acked = 'yes';
            }
            if (status === 481 || status === 408) {
              if (method !== 'BYE') options.lost();
            }
            resolve(response);
          },
          onFailure(why, error) {
            if (method !== 'BYE' && why === 'timeout') options.lost();
            reject(sipFailure(why === 'timeout' ? 408 : 503, undefined, error));
          },
        },
        (peer) => built(target ? [line('Contact', contactFor(context, peer))] : []).request,
      );
    });
  }

  function acknowledge(seq: number, body: string): void {
    const { request, nextHop } = requestInDialog(state, 'ACK', { seq, headers: contentHeaders(body), body });
    // The ACK is no transaction: it goes the way that a request would.
    sendAck(context, nextHop, flow, request);
  }

  return { exchange, acknowledge };
}

function sendAck(
  context: UaContext,
  nextHop: string,
  flow: Peer,
  request: Parameters<typeof context.stack.transactions.sendOnce>[0],
): void {
  const target = targetOf(nextHop, context.options.transports, flow.transport);
  if (typeof target === 'string') return;
  const go = (peer: Peer): void => {
    const via =
      flow.connection !== undefined && peer.transport === 'tcp' ? { ...peer, connection: flow.connection } : peer;
    context.stack.transactions.sendOnce(request, via);
  };
  const peer = resolveTarget(target);
  if (peer instanceof Promise) peer.then(go, () => {});
  else go(peer);
}
