import { el } from './dom.js';

/**
 * @typedef {import('./types.js').Call} Call
 * @typedef {import('./types.js').Line} Line
 */

/** Lines that are shown; of longer calls the first and the last. */
const SHOWN = 400;

/** What each kind of line is, for people who do not see its mark. */
const KINDS = /** @type {Record<string, string>} */ ({
  exchange: 'Request',
  warning: 'Warning',
  error: 'Error',
  digits: 'Keys',
  sound: 'Sound',
});

/** The time line of a call. */
export class Timeline {
  /** @type {Line[]} */
  lines = [];
  #started = 0;
  #all = false;
  #list = el('ol', { class: 'timeline' });
  #showAll = el('button', {
    type: 'button',
    class: 'quiet',
    hidden: true,
    onclick: () => {
      this.#all = true;
      this.#render();
    },
  });
  element = el('div', {}, this.#list, this.#showAll);
  /** @type {(exchange: string) => void} */
  #onExchange;

  /** @param {(exchange: string) => void} onExchange a line of an exchange was chosen */
  constructor(onExchange) {
    this.#onExchange = onExchange;
  }

  /**
   * @param {Call} call
   * @param {Line[]} lines
   */
  show(call, lines) {
    this.#started = Date.parse(call.started);
    this.lines = lines;
    this.#render();
  }

  /** @param {Line[]} lines */
  add(lines) {
    this.lines.push(...lines);
    if (this.lines.length > SHOWN && !this.#all) this.#render();
    else this.#list.append(...lines.map((line) => this.#item(line)));
  }

  #render() {
    const { lines } = this;
    const hidden = this.#all ? 0 : Math.max(0, lines.length - SHOWN);
    const items = lines.map((line) => line);
    const half = SHOWN / 2;
    const shown = hidden === 0 ? items : [...items.slice(0, half), undefined, ...items.slice(-half)];
    this.#list.replaceChildren(
      ...shown.map((line) =>
        line === undefined
          ? el('li', { class: 'line-gap' }, `${hidden.toLocaleString('en')} lines are not shown`)
          : this.#item(line),
      ),
    );
    this.#showAll.hidden = hidden === 0;
    this.#showAll.textContent = `Show all ${lines.length.toLocaleString('en')} lines`;
  }

  /** @param {Line} line */
  #item({ at, kind, text, exchange }) {
    const offset = `+${((at - this.#started) / 1000).toFixed(2)}`;
    const word = KINDS[kind];
    const content = [word === undefined ? null : el('span', { class: 'hidden' }, `${word}: `), text];
    return el(
      'li',
      { class: `line-${kind}` },
      el('span', { class: 'at' }, offset, el('span', { class: 'hidden' }, ' seconds')),
      exchange === undefined
        ? el('span', { class: 'what' }, ...content)
        : el('button', { type: 'button', class: 'what link', onclick: () => this.#onExchange(exchange) }, ...content),
    );
  }
}
