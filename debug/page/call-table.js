import { el, reconcile } from './dom.js';
import { caller, clock, counted, duration, outcome } from './words.js';

/** @typedef {import('./types.js').Call} Call */

/** Rows that are shown at first, and more at each press of the button. */
const PAGE = 100;

/**
 * Where a call is shown in full.
 *
 * @param {Pick<Call, 'trace_id' | 'account'>} call
 */
export function linkTo({ trace_id, account }) {
  return `#/calls/${trace_id}${account === '' ? '' : `?account=${encodeURIComponent(account)}`}`;
}

/** The table of calls. Rows are kept and changed, so that focus stays where it is when calls arrive. */
export class CallTable {
  /** @type {Map<string, { row: HTMLTableRowElement, shown: string }>} */
  #rows = new Map();
  #limit = PAGE;
  #body = el('tbody');
  #more = el('button', { type: 'button', class: 'quiet', onclick: () => this.#showMore() });
  /** @type {Call[]} */
  #calls = [];
  /** @type {() => void} */
  #loadMore = () => {};
  #canLoad = false;
  #empty = el('p', { class: 'empty' });

  element = el(
    'div',
    {},
    el(
      'table',
      { class: 'calls' },
      el('caption', { class: 'hidden' }, 'Calls, the newest first'),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          ...['Time', 'Number', 'Callflow', 'Result', 'Requests', 'Length'].map((name) =>
            el('th', { scope: 'col' }, name),
          ),
          el('th', { scope: 'col' }, el('span', { class: 'hidden' }, 'Details')),
        ),
      ),
      this.#body,
    ),
    this.#empty,
    el('p', { class: 'more' }, this.#more),
  );

  /**
   * @param {Call[]} calls in order
   * @param {{ empty: string, more?: (() => void) | undefined }} options `more`: how to get older ones, if there are
   */
  show(calls, { empty, more }) {
    this.#calls = calls;
    this.#canLoad = more !== undefined;
    this.#loadMore = more ?? (() => {});
    this.#empty.textContent = calls.length === 0 ? empty : '';
    this.#render();
  }

  /** Lengths of calls that are up go on. */
  tick() {
    if (this.#calls.some(({ state }) => state === 'active')) this.#render();
  }

  #showMore() {
    if (this.#limit < this.#calls.length) this.#limit += PAGE;
    else {
      this.#limit += PAGE;
      this.#loadMore();
    }
    this.#render();
  }

  #render() {
    const now = Date.now();
    const shown = this.#calls.slice(0, this.#limit);
    const known = new Set(shown.map(({ trace_id }) => trace_id));
    for (const id of this.#rows.keys()) if (!known.has(id)) this.#rows.delete(id);
    reconcile(
      this.#body,
      shown.map((call) => this.#row(call, now)),
    );
    const rest = this.#calls.length - shown.length;
    this.#more.hidden = rest <= 0 && !this.#canLoad;
    this.#more.textContent = rest > 0 ? `Show ${Math.min(rest, PAGE)} more of ${rest}` : 'Load older calls';
  }

  /**
   * @param {Call} call
   * @param {number} now
   */
  #row(call, now) {
    const cells = cellsOf(call, now);
    const shown = JSON.stringify(cells);
    const known = this.#rows.get(call.trace_id);
    if (known?.shown === shown) return known.row;
    const row = known?.row ?? rowOf(call);
    fill(row, call, cells);
    this.#rows.set(call.trace_id, { row, shown });
    return row;
  }
}

/**
 * @param {Call} call
 * @param {number} now
 */
function cellsOf(call, now) {
  const end = call.ended === undefined ? now : Date.parse(call.ended);
  return {
    time: clock(call.started),
    from: caller(call.from),
    to: call.number,
    callflow: call.callflow,
    result: outcome(call),
    state: call.state,
    requests: call.exchanges,
    failed: call.failed_exchanges,
    length: duration(end - Date.parse(call.started)),
    error: call.error === undefined ? '' : `${call.error.code} ${call.error.message}`,
  };
}

/** @param {Call} call */
function rowOf(call) {
  const row = el('tr');
  for (let count = 0; count < 6; count += 1) row.append(el('td'));
  row.append(
    el(
      'td',
      { class: 'go' },
      el(
        'a',
        { href: linkTo(call), 'aria-label': `View details of the call from ${caller(call.from)} to ${call.number}` },
        'View details',
      ),
    ),
  );
  return row;
}

/**
 * @param {HTMLTableRowElement} row
 * @param {Call} call
 * @param {ReturnType<typeof cellsOf>} cells
 */
function fill(row, call, cells) {
  row.className = call.state;
  const { time, from, to, callflow, result, state, requests, failed, length, error } = cells;
  const contents = [
    [time],
    [el('b', {}, to), el('span', { class: 'caller' }, `from ${from}`)],
    [callflow.split('/').at(-1) ?? ''],
    [el('span', { class: `badge ${state}` }, result), ...(error === '' ? [] : [el('span', { class: 'why' }, error)])],
    [
      String(requests),
      ...(failed === 0 ? [] : [el('span', { class: 'why' }, `${counted(failed, 'failed', 'failed')}`)]),
    ],
    [length],
  ];
  for (const [index, content] of contents.entries()) row.cells[index]?.replaceChildren(...content);
}
