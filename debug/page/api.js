/** The debug API, as the page asks it. */

/** An answer that says what is wrong. */
export class ApiError extends Error {
  /**
   * @param {number} status 0: no answer came
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** In this page's memory alone: it is gone when the page is. */
let token = '';

/** @param {string} text */
export function setToken(text) {
  token = text;
}

/**
 * @template T
 * @param {string} path
 * @param {{ method?: string, body?: unknown, signal?: AbortSignal }} [options]
 * @returns {Promise<T>}
 */
export async function ask(path, { method = 'GET', body, signal } = {}) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, {
      method,
      cache: 'no-store',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, '', 'Pivot does not answer. Is it still running?');
  }
  if (response.status === 204) return /** @type {T} */ (undefined);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, answer.code ?? '', answer.message ?? response.statusText);
  return answer;
}

/**
 * @param {string} path
 * @param {Record<string, string | undefined>} parameters those that are undefined or empty are left out
 */
export function withQuery(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value);
  return query.size === 0 ? path : `${path}?${query}`;
}
