import { answerChallenge, parseChallenge } from './digest.ts';
import { sipFailure } from './failure.ts';
import { firstSeq, newCallId, newTag } from './ids.ts';
import { first, type HeaderLine, line, makeRequest, type ResponseMessage } from './message.ts';
import type { OutsideRequestOptions, SipMessage } from './types.ts';
import { contactFor, contentHeaders, mergeHeaders, sendTo, type UaContext } from './ua-context.ts';
import { fromValue } from './ua-outgoing.ts';

/**
 * A request outside a dialog (OPTIONS, REGISTER, MESSAGE …) and its final response, whatever its status. One challenge is
 * answered. Rejects with a `SipFailure` of 408 or 503 when there is no response.
 */
export async function sendOutside(context: UaContext, options: OutsideRequestOptions): Promise<SipMessage> {
  const callId = options.callId ?? newCallId();
  const localTag = newTag();
  const seq = firstSeq(context.stack.clock.now());
  const response = await once(context, options, callId, localTag, seq, []);
  const { status } = response;
  if (options.credentials === undefined || (status !== 401 && status !== 407)) return response;
  const value = first(response, status === 401 ? 'www-authenticate' : 'proxy-authenticate') ?? '';
  const challenge = parseChallenge(value);
  if (challenge === undefined) return response;
  const proof = answerChallenge(challenge, options.credentials, options.method, options.uri);
  const name = status === 401 ? 'Authorization' : 'Proxy-Authorization';
  return once(context, options, callId, localTag, seq + 1, [line(name, proof)]);
}

function once(
  context: UaContext,
  options: OutsideRequestOptions,
  callId: string,
  localTag: string,
  seq: number,
  proof: readonly HeaderLine[],
): Promise<ResponseMessage> {
  const { method, uri, body = '' } = options;
  return new Promise((resolve, reject) => {
    sendTo(
      context,
      options.sendTo ?? uri,
      undefined,
      {
        onResponse: ({ message }) => {
          if (message.status >= 200) resolve(message);
        },
        onFailure: (why, error) => reject(sipFailure(why === 'timeout' ? 408 : 503, undefined, error)),
      },
      (peer) =>
        makeRequest(
          method,
          uri,
          [
            line('Max-Forwards', '70'),
            line('From', `${fromValue(options.from, undefined)};tag=${localTag}`),
            line('To', `<${options.to ?? uri}>`),
            line('Call-ID', callId),
            line('CSeq', `${seq} ${method}`),
            ...proof,
            ...mergeHeaders(
              [line('Contact', contactFor(context, peer)), line('User-Agent', context.options.userAgent)],
              options.headers,
            ),
            ...contentHeaders(body, options.contentType ?? 'text/plain'),
          ],
          body,
        ),
    );
  });
}
