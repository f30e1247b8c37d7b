import { engineCodes } from '../../../crds/errors/engine.ts';
import { fault } from '../../../crds/errors/fault.ts';
import { encodeRequest } from '../../webhook/encode.ts';
import { buildParameters } from '../../webhook/parameters.ts';
import { integer, object, text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';

const TIMEOUT_MS = 5000;
const MOST_ATTEMPTS = 4;

/**
 * Tells a web server about the call and goes on at once; nobody waits for the answer. GET sends the parameters in the query, POST as a
 * form. `custom_data` is added. Repeated up to `retries` times when the server fails.
 */
export const webhook: CallflowModule = {
  name: 'webhook',
  async run({ call, services, span }, data) {
    const uri = text(data, 'uri');
    if (uri === undefined) return CONTINUE;
    const method = text(data, 'http_verb')?.toUpperCase() === 'POST' ? 'POST' : 'GET';
    const attempts = Math.min(1 + (integer(data, 'retries') ?? 0), MOST_ATTEMPTS);
    const { parameters } = buildParameters(call.facts(), 'kazoo');
    const custom = Object.entries(object(data, 'custom_data') ?? {});
    const encoded = encodeRequest(method, uri, new Map([...parameters, ...custom]), 'form');
    const taken = services.background.run(
      async (signal) => {
        for (let attempt = 0; attempt < attempts; attempt += 1) {
          const result = await services.outgoing.request({
            method,
            url: encoded.url,
            ...(encoded.body === undefined ? {} : { body: encoded.body }),
            ...(encoded.contentType === undefined ? {} : { headers: { 'content-type': encoded.contentType } }),
            timeoutMs: TIMEOUT_MS,
            signal,
          });
          if (result.ok && result.response.status < 500) return;
        }
      },
      () => {},
    );
    if (!taken)
      span.warn(
        fault(engineCodes.badActionData, 'Too many requests of webhook actions are under way; this one was not sent'),
      );
    return CONTINUE;
  },
};
