import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';

export interface ApiAnswer {
  readonly status: number;
  /** The parsed answer; text that is no JSON as it is. */
  readonly body: unknown;
  /** `Warning` headers, their texts. */
  readonly warnings: readonly string[];
}

export interface ApiRequest {
  readonly method?: string;
  readonly body?: unknown;
  /** `application/json` unless set; `application/apply-patch+yaml` for server-side apply. */
  readonly contentType?: string;
  readonly token?: string;
  readonly signal?: AbortSignal;
}

/** A plain client of an HTTP API, for tests: one connection, no retries, no types. */
export class ApiClient {
  readonly #url: string;
  readonly #caFile: string | undefined;
  readonly #token: string | undefined;
  #agent: Agent | undefined;

  constructor(url: string, options: { readonly caFile?: string; readonly token?: string } = {}) {
    this.#url = url;
    this.#caFile = options.caFile;
    this.#token = options.token;
  }

  /** Rejects when there is no answer; any status is an answer. */
  async request(path: string, options: ApiRequest = {}): Promise<ApiAnswer> {
    const { method = 'GET', body, contentType = 'application/json', token = this.#token, signal } = options;
    const secure = this.#url.startsWith('https:');
    if (secure) {
      this.#agent ??= new Agent({
        keepAlive: true,
        ...(this.#caFile === undefined ? { rejectUnauthorized: false } : { ca: readFileSync(this.#caFile) }),
      });
    }
    return new Promise((resolve, reject) => {
      const send = secure ? httpsRequest : httpRequest;
      const request = send(`${this.#url}${path}`, {
        method,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': contentType }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(this.#agent === undefined ? {} : { agent: this.#agent }),
        ...(signal === undefined ? {} : { signal }),
      });
      request.once('error', reject).once('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('error', reject).once('end', () => {
          const warnings = (response.headersDistinct['warning'] ?? []).map((one) =>
            one.replace(/^\d+ \S+ "(.*)".*$/, '$1'),
          );
          resolve({ status: response.statusCode ?? 0, body: parsed(text), warnings });
        });
      });
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
