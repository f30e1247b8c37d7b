import { ask, withQuery } from './api.js';
import { curlOf } from './curl.js';
import { announce, append, el } from './dom.js';
import { format, kindOf, plain } from './format.js';

/**
 * @typedef {import('./types.js').Call} Call
 * @typedef {import('./types.js').Head} Head
 * @typedef {import('./types.js').Exchange} Exchange
 * @typedef {import('./types.js').Fault} Fault
 */

/** One exchange: a line, and when it is opened, request and response side by side. These are fetched only then. */
export class ExchangeItem {
  /** @type {Call} */
  #call;
  /** @type {Head} */
  #head;
  #loaded = '';
  #summary = el('summary');
  #content = el('div', { class: 'exchange-content' });
  element = el('details', { class: 'exchange', ontoggle: () => void this.#load() }, this.#summary, this.#content);

  /**
   * @param {Call} call
   * @param {Head} head
   */
  constructor(call, head) {
    this.#call = call;
    this.#head = head;
    this.element.id = `exchange-${head.id}`;
    this.update(head);
  }

  get failed() {
    return this.#head.error !== undefined;
  }

  /** @param {Head} head */
  update(head) {
    this.#head = head;
    const { iteration, kind, method, uri, resp_status_code: status, elapsed_ms: elapsed, error, warnings = [] } = head;
    const done = elapsed !== undefined;
    this.element.classList.toggle('failed', error !== undefined);
    this.#summary.replaceChildren(
      el('span', { class: 'number' }, kind === 'cdr' ? 'CDR' : `#${iteration}`),
      el('span', { class: 'method' }, method.toUpperCase()),
      el('span', { class: 'url', title: uri }, withoutQuery(uri)),
      el('span', { class: `answer ${statusClass(status, done)}` }, status ?? (done ? 'no answer' : 'waiting')),
      el('span', { class: 'took' }, done ? `${elapsed} ms` : ''),
    );
    if (error !== undefined) this.#summary.append(el('span', { class: 'why' }, faultText(error)));
    else if (warnings.length > 0)
      this.#summary.append(
        el('span', { class: 'why soft' }, `${warnings.length === 1 ? 'A warning' : `${warnings.length} warnings`}`),
      );
    void this.#load();
  }

  /** Opens it and goes there. */
  reveal() {
    this.element.open = true;
    this.#summary.focus();
    this.element.scrollIntoView({ block: 'start' });
  }

  async #load() {
    const wanted = JSON.stringify(this.#head);
    if (!this.element.open || this.#loaded === wanted) return;
    this.#loaded = wanted;
    const { trace_id, account } = this.#call;
    try {
      const exchange = await ask(withQuery(`/debug/v1/calls/${trace_id}/exchanges/${this.#head.id}`, { account }));
      this.#content.replaceChildren(...this.#sides(exchange));
    } catch (error) {
      this.#loaded = '';
      this.#content.replaceChildren(
        el('p', { class: 'problem' }, error instanceof Error ? error.message : String(error)),
      );
    }
  }

  /** @param {Exchange} exchange */
  #sides(exchange) {
    const { warnings = [], truncated, req_headers, resp_headers } = exchange;
    const kept = req_headers !== undefined || resp_headers !== undefined;
    return [
      ...details(exchange),
      warnings.length > 0 &&
        el(
          'ul',
          { class: 'warnings', 'aria-label': 'Warnings' },
          ...warnings.map((one) => el('li', {}, faultText(one))),
        ),
      truncated && el('p', { class: 'note' }, 'Long headers or bodies were cut off.'),
      !kept &&
        el(
          'p',
          { class: 'note' },
          'Headers and bodies are not kept: set ',
          el('code', {}, 'debug: true'),
          ' in the callflow.',
        ),
      el('div', { class: 'sides' }, request(exchange), response(exchange)),
    ].filter((child) => child instanceof Node);
  }
}

/** @param {Exchange} exchange */
function request(exchange) {
  const { method, uri, req_headers: headers, req_body: body } = exchange;
  const parameters = URL.canParse(uri) ? [...new URL(uri).searchParams] : [];
  const curl = el(
    'button',
    { type: 'button', class: 'quiet small', onclick: () => void copy(curl, curlOf(exchange)) },
    'Copy as curl',
  );
  return el(
    'section',
    { class: 'side', 'aria-label': 'Request' },
    el('div', { class: 'side-title' }, el('h3', {}, 'Request'), curl),
    el('p', { class: 'line' }, el('b', {}, method.toUpperCase()), ' ', withoutQuery(uri)),
    parameters.length > 0 && pairs('Parameters', parameters),
    headers && pairs('Headers', headerPairs(headers), true),
    bodyOf(body, headers),
  );
}

/** @param {Exchange} exchange */
function response({ resp_status_code: status, resp_headers: headers, resp_body: body, elapsed_ms: elapsed }) {
  const line = status ?? (elapsed === undefined ? 'No answer yet' : 'No answer');
  return el(
    'section',
    { class: 'side', 'aria-label': 'Response' },
    el('div', { class: 'side-title' }, el('h3', {}, 'Response')),
    el('p', { class: 'line' }, el('b', {}, line), elapsed === undefined ? '' : ` in ${elapsed} ms`),
    headers && pairs('Headers', headerPairs(headers), true),
    bodyOf(body, headers),
  );
}

/**
 * @param {string | undefined} body
 * @param {Record<string, unknown> | undefined} headers
 */
function bodyOf(body, headers) {
  if (body === undefined || body === '') return null;
  const kind = kindOf(
    body,
    String(Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''),
  );
  if (kind === 'form') return pairs('Form', [...new URLSearchParams(body)]);
  const code = el('code');
  const block = el('pre', { tabindex: '0', 'aria-label': 'Body' }, code);
  /** @param {boolean} asSent */
  const show = (asSent) => {
    const pieces = asSent ? plain(body) : format(body, kind);
    code.replaceChildren();
    append(
      code,
      pieces.map(({ kind: piece, text }) => (piece === 'text' ? text : el('span', { class: `p-${piece}` }, text))),
    );
  };
  show(false);
  const raw = el(
    'button',
    {
      type: 'button',
      class: 'quiet small',
      'aria-pressed': 'false',
      onclick: () => {
        const asSent = raw.getAttribute('aria-pressed') !== 'true';
        raw.setAttribute('aria-pressed', String(asSent));
        show(asSent);
      },
    },
    'As sent',
  );
  const copied = el('button', { type: 'button', class: 'quiet small', onclick: () => void copy(copied, body) }, 'Copy');
  return el('div', { class: 'body' }, el('div', { class: 'body-tools' }, kind === 'text' ? null : raw, copied), block);
}

/**
 * @param {string} title
 * @param {[name: string, value: string][]} list
 * @param {boolean} [folded]
 */
function pairs(title, list, folded = false) {
  const table = el(
    'dl',
    { class: 'pairs' },
    ...list.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value === '' ? '–' : value)]),
  );
  return el(
    'details',
    { class: 'pairs-box', open: !folded },
    el('summary', {}, `${title} `, el('span', { class: 'aside' }, list.length)),
    table,
  );
}

/** @param {Record<string, unknown>} headers @returns {[string, string][]} */
function headerPairs(headers) {
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => /** @type {[string, string]} */ ([name, String(one)])),
  );
}

/** What was wrong in the document. @param {Exchange} exchange */
function details({ json_errors = [], xml_errors = [], schema_errors = [] }) {
  return [
    ...json_errors.map(({ message, before, after }) =>
      el('p', { class: 'place' }, `${message}: `, el('code', {}, before, el('mark', {}, '▸'), after)),
    ),
    ...[...xml_errors, ...schema_errors].map((one) => el('p', { class: 'place' }, faultText(one))),
  ];
}

/** @param {Fault} fault */
export function faultText({ code, message, line, column, pointer }) {
  const place = line === undefined ? (pointer ? ` (at ${pointer})` : '') : ` (line ${line}, column ${column ?? 1})`;
  return `${code} ${message}${place}`;
}

/** @param {string | undefined} status @param {boolean} done */
function statusClass(status, done) {
  if (status === undefined) return done ? 'bad' : 'waiting';
  return /^2/.test(status) ? 'good' : 'bad';
}

/** @param {string} uri */
function withoutQuery(uri) {
  const at = uri.indexOf('?');
  return at < 0 ? uri : uri.slice(0, at);
}

/** @param {HTMLButtonElement} button @param {string} text */
async function copy(button, text) {
  const words = button.textContent ?? '';
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
    announce('Copied');
  } catch {
    button.textContent = 'Not allowed';
  }
  setTimeout(() => {
    button.textContent = words;
  }, 1500);
}
