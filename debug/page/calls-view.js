import { ask, withQuery } from './api.js';
import { CallTable, linkTo } from './call-table.js';
import { callflowList } from './callflows.js';
import { announce, el } from './dom.js';
import { follow, repeat } from './live.js';
import { testCallForm } from './test-call.js';
import { caller, counted } from './words.js';

/**
 * @typedef {import('./types.js').Call} Call
 * @typedef {import('./types.js').Callflows} Callflows
 * @typedef {import('./page.js').Page} Page
 */

/** Calls that are kept here. */
const MOST_CALLS = 1000;
/** So many are asked for at once where each costs a search. */
const SEARCHED_PAGE = 50;
/** Calls are announced no more often. */
const TELL_EVERY_MS = 3000;
/** What was chosen stays while one looks at a call. */
const filters = { text: '', state: '', callflow: '', account: '' };

/**
 * Callflows, the form for a test call, and the calls as they come.
 *
 * @param {Page} page
 * @returns {{ element: HTMLElement, close: () => void }}
 */
export function callsView(page) {
  const { about } = page;
  /** @type {Map<string, Call>} */
  const calls = new Map();
  /** @type {Callflows} */
  let declared = { callflows: [], accounts: [] };
  let paused = false;
  let waiting = 0;
  let toldAt = 0;
  let loaded = false;
  /** Where older calls go on, if there are. */
  let next = '';

  const table = new CallTable();
  const count = el('p', { class: 'count', role: 'status' });
  const problem = el('p', { class: 'problem', role: 'alert' });
  const flows = el('div');
  const form = about.test_calls ? testCallForm((call) => page.go(linkTo(call))) : undefined;
  const text = el('input', {
    type: 'search',
    placeholder: 'Number, callflow, Call-ID, error …',
    'aria-label': 'Search calls',
    value: filters.text,
    oninput: () => {
      filters.text = text.value;
      show();
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === 'Enter' && !about.live) void lookUp(text.value.trim());
    },
  });
  const state = select('State', [
    ['', 'All calls'],
    ['active', 'In progress'],
    ['failed', 'Failed'],
  ]);
  const account = about.auth === 'bearer' ? select('Namespace', []) : undefined;
  const pause = el(
    'button',
    { type: 'button', class: 'quiet', 'aria-pressed': 'false', onclick: () => setPaused(!paused) },
    'Pause',
  );
  state.value = filters.state;
  state.onchange = () => {
    filters.state = state.value;
    show();
  };
  if (account !== undefined) {
    account.onchange = () => {
      Object.assign(filters, { account: account.value, callflow: '' });
      calls.clear();
      loaded = false;
      showCallflows();
      show();
      polling?.now();
    };
  }

  const element = el(
    'div',
    { class: 'home' },
    el(
      'section',
      { class: 'calls-part', 'aria-labelledby': 'calls-title' },
      el('div', { class: 'title-line' }, el('h1', { id: 'calls-title', tabindex: '-1' }, 'Calls'), count),
      el('div', { class: 'filters', role: 'search' }, text, state, account, pause),
      problem,
      table.element,
    ),
    el(
      'aside',
      { 'aria-label': 'Callflows and test call' },
      form &&
        el(
          'section',
          { 'aria-labelledby': 'test-title' },
          el('h2', { id: 'test-title' }, 'Place a test call'),
          form.element,
        ),
      el('section', { 'aria-labelledby': 'flows-title' }, el('h2', { id: 'flows-title' }, 'Callflows'), flows),
    ),
  );

  /** @param {boolean} to */
  function setPaused(to) {
    paused = to;
    pause.setAttribute('aria-pressed', String(to));
    pause.textContent = to ? 'Go on' : 'Pause';
    waiting = 0;
    if (!to) show();
    page.status(to ? 'paused' : 'live');
  }

  function show() {
    const shown = newestFirst(calls).filter(fits);
    const filtered = filters.text !== '' || filters.state !== '' || filters.callflow !== '';
    const total = counted(calls.size, 'call');
    const held = waiting > 0 ? ` · ${counted(waiting, 'change')} waiting` : '';
    count.textContent = `${filtered ? `${shown.length} of ${total}` : total}${held}`;
    table.show(shown, {
      empty: emptyText(filtered),
      more: next === '' ? undefined : () => void loadOlder(),
    });
  }

  /** @param {boolean} filtered */
  function emptyText(filtered) {
    if (!about.calls)
      return 'This operator does not know where traces are kept: start it with --jaeger URL to see calls here.';
    if (!loaded) return 'Loading …';
    if (filtered && calls.size > 0)
      return about.live
        ? 'No call fits.'
        : 'No call fits of those shown so far. Enter searches all for a number or Call-ID.';
    return about.test_calls ? 'No calls yet. Place one, with the form or with any SIP phone.' : 'No calls yet.';
  }

  function showCallflows() {
    const { callflows, accounts } = declared;
    const own = callflows.filter((one) => account === undefined || one.account === filters.account);
    flows.replaceChildren(
      ...callflowList(own, {
        chosen: filters.callflow,
        namespaces: accounts.length > 1 && account === undefined,
        choose: (key) => {
          filters.callflow = key;
          showCallflows();
          show();
        },
      }),
    );
    form?.suggest(callflows.flatMap(({ numbers }) => numbers));
    if (account !== undefined && account.length !== accounts.length) {
      if (!accounts.includes(filters.account)) filters.account = accounts[0] ?? '';
      account.replaceChildren(...accounts.map((name) => el('option', { value: name }, name)));
      account.value = filters.account;
    }
  }

  /** @param {() => Promise<void>} work */
  async function trying(work) {
    try {
      await work();
      problem.textContent = '';
    } catch (error) {
      if (!page.refused(error)) problem.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  async function loadCallflows() {
    declared = await ask('/debug/v1/callflows');
    showCallflows();
  }

  /** @param {string} [start] */
  async function loadCalls(start = '') {
    if (!about.calls || (account !== undefined && filters.account === '')) {
      loaded = true;
      return;
    }
    const limit = String(about.live ? MOST_CALLS : SEARCHED_PAGE);
    const path = withQuery('/debug/v1/calls', { account: account === undefined ? '' : filters.account, limit, start });
    const answer = await ask(path);
    for (const call of answer.calls) calls.set(call.trace_id, call);
    if (start !== '' || !loaded) next = answer.next ?? '';
    loaded = true;
  }

  /** Calls that have not been loaded: those of a number or caller, or with that Call-ID. @param {string} words */
  async function lookUp(words) {
    if (words === '' || filters.account === '') return;
    if (/^[0-9a-f]{32}$/.test(words)) return page.go(linkTo({ trace_id: words, account: filters.account }));
    count.textContent = 'Searching …';
    await trying(async () => {
      const paths = ['number', 'caller', 'call_id'].map((name) =>
        withQuery('/debug/v1/calls', { account: filters.account, limit: String(SEARCHED_PAGE), [name]: words }),
      );
      for (const answer of await Promise.all(paths.map((path) => ask(path))))
        for (const call of answer.calls) calls.set(call.trace_id, call);
    });
    show();
  }

  async function loadOlder() {
    await trying(() => loadCalls(next));
    show();
  }

  /** @param {Call} call */
  function take(call) {
    if (!calls.has(call.trace_id)) tellOf(call);
    calls.set(call.trace_id, call);
    for (const old of newestFirst(calls).slice(MOST_CALLS)) calls.delete(old.trace_id);
    if (!paused) show();
    else {
      waiting += 1;
      count.textContent = `${counted(calls.size, 'call')} · ${counted(waiting, 'change')} waiting`;
    }
  }

  /** Not every call of a flood: whoever listens could hear nothing else. @param {Call} call */
  function tellOf(call) {
    const now = Date.now();
    if (now - toldAt < TELL_EVERY_MS) return;
    toldAt = now;
    announce(`Call from ${caller(call.from)} to ${call.number}`);
  }

  const stream = about.live
    ? follow({
        url: (last) => withQuery('/debug/v1/events', { last }),
        state: (now) => page.status(paused ? 'paused' : now),
        on: {
          call: take,
          callflows: () => void trying(loadCallflows),
          reset: () =>
            void trying(async () => {
              await Promise.all([loadCallflows(), loadCalls()]);
              if (!paused) show();
            }),
        },
      })
    : undefined;
  const polling = about.live
    ? undefined
    : repeat(async () => {
        if (paused) return;
        await trying(async () => {
          await loadCallflows();
          await loadCalls();
          page.status('polling');
        });
        show();
      }, about.poll_ms ?? 5000);
  const clock = setInterval(() => {
    if (!paused) table.tick();
  }, 1000);
  show();

  return {
    element,
    close() {
      stream?.close();
      polling?.close();
      clearInterval(clock);
    },
  };
}

/** @param {Map<string, Call>} calls */
function newestFirst(calls) {
  return [...calls.values()].sort((a, b) => (a.started < b.started ? 1 : a.started > b.started ? -1 : 0));
}

/** @param {Call} call */
function fits(call) {
  if (filters.state !== '' && call.state !== filters.state) return false;
  if (filters.callflow !== '' && call.callflow !== filters.callflow) return false;
  const words = filters.text.toLowerCase().split(/\s+/);
  const { from, number, callflow, call_id, trace_id, result = '', error } = call;
  const all = [from, number, callflow, call_id, trace_id, result, error?.code, error?.message].join('\n').toLowerCase();
  return words.every((word) => all.includes(word));
}

/**
 * @param {string} label
 * @param {[value: string, text: string][]} options
 */
function select(label, options) {
  return el('select', { 'aria-label': label }, ...options.map(([value, text]) => el('option', { value }, text)));
}
