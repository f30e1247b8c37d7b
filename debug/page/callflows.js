import { linkTo } from './call-table.js';
import { el } from './dom.js';
import { clock } from './words.js';

/** @typedef {import('./types.js').Callflow} Callflow */

/**
 * The list of callflows with their conditions. Choosing one shows its calls alone.
 *
 * @param {Callflow[]} callflows
 * @param {object} options
 * @param {string} options.chosen `ACCOUNT/NAME`, or empty
 * @param {(key: string) => void} options.choose
 * @param {boolean} options.namespaces whether to name the namespace of each
 * @returns {Node[]}
 */
export function callflowList(callflows, { chosen, choose, namespaces }) {
  if (callflows.length === 0) return [el('p', { class: 'empty' }, 'No callflows are declared.')];
  return [el('ul', { class: 'callflows' }, ...callflows.map((callflow) => item(callflow)))];

  /** @param {Callflow} callflow */
  function item(callflow) {
    const key = `${callflow.account}/${callflow.name}`;
    const telling = callflow.conditions.filter((condition) => !isPlain(condition));
    return el(
      'li',
      { class: key === chosen ? 'callflow chosen' : 'callflow' },
      el(
        'button',
        {
          type: 'button',
          class: 'callflow-name',
          'aria-pressed': key === chosen ? 'true' : 'false',
          title: key === chosen ? 'Show all calls' : 'Show calls of this callflow alone',
          onclick: () => choose(key === chosen ? '' : key),
        },
        namespaces ? `${callflow.account}/` : '',
        el('b', {}, callflow.name),
      ),
      numbers(callflow),
      asks(callflow),
      el(
        'ul',
        { class: 'conditions', 'aria-label': `Conditions of ${callflow.name}` },
        ...callflow.conditions.map(badge),
      ),
      ...telling.map(({ type, reason, message }) =>
        el('p', { class: 'condition-message' }, el('b', {}, `${type}: ${reason}. `), message),
      ),
      lastFailure(callflow),
    );
  }
}

/**
 * True, and no more to be said of it: a callflow that has only some of its numbers is `Accepted` too.
 *
 * @param {Callflow['conditions'][number]} condition
 */
function isPlain({ status, reason }) {
  return status === 'True' && reason !== 'PartiallyAccepted';
}

/** @param {Callflow['conditions'][number]} condition */
function badge(condition) {
  const { type, status, reason } = condition;
  const word = status === 'True' ? 'yes' : status === 'False' ? 'no' : 'not known';
  const mark = status === 'True' ? '✓' : status === 'False' ? '✗' : '?';
  return el(
    'li',
    {
      class: `condition ${status === 'True' && !isPlain(condition) ? 'partly' : status.toLowerCase()}`,
      title: `${type}: ${word} (${reason})`,
    },
    el('span', { 'aria-hidden': 'true' }, `${mark} `),
    type,
    el('span', { class: 'hidden' }, `: ${word}`),
  );
}

/** @param {Callflow} callflow */
function numbers({ numbers: own, patterns }) {
  const shown = [...own, ...patterns.map((pattern) => `/${pattern}/`)];
  if (shown.length === 0) return el('p', { class: 'numbers none' }, 'no numbers');
  const more = shown.length > 6 ? ` and ${shown.length - 6} more` : '';
  return el('p', { class: 'numbers' }, shown.slice(0, 6).join('  '), more);
}

/** @param {Callflow} callflow */
function asks({ asks: asked, module, debug }) {
  if (asked === undefined) return el('p', { class: 'asks' }, module === undefined ? '' : `runs ${module}`);
  return el(
    'p',
    { class: 'asks' },
    el('span', { class: 'method' }, asked.method.toUpperCase()),
    ' ',
    asked.url,
    debug ? null : el('span', { class: 'aside' }, ' · bodies are not kept'),
  );
}

/** @param {Callflow} callflow */
function lastFailure({ account, last_failure: last }) {
  if (last === undefined) return null;
  const { time, code, message, trace_id } = last;
  return el(
    'p',
    { class: 'condition-message' },
    el('b', {}, `Last failure, ${clock(time)}. `),
    `${code} ${message} `,
    /^[0-9a-f]{32}$/.test(trace_id) && el('a', { href: linkTo({ trace_id, account }) }, 'View the call'),
  );
}
