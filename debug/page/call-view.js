import { ask, withQuery } from './api.js';
import { linkTo } from './call-table.js';
import { announce, el } from './dom.js';
import { ExchangeItem, faultText } from './exchange.js';
import { follow, repeat } from './live.js';
import { hangUp, isOurs, placeCall, pressKeys } from './test-call.js';
import { Timeline } from './timeline.js';
import { caller, clock, counted, duration, outcome } from './words.js';

/**
 * @typedef {import('./types.js').Call} Call
 * @typedef {import('./types.js').Head} Head
 * @typedef {import('./types.js').Line} Line
 * @typedef {import('./types.js').Story} Story
 * @typedef {import('./page.js').Page} Page
 */

/** Exchanges that are shown at once; more at each press of the button. */
const PAGE = 100;
/** CDR callbacks come after the end. */
const LATE_MS = 2500;

/**
 * One call in full: what is known of it, its time line, its exchanges.
 *
 * @param {Page} page
 * @param {{ traceId: string, account: string }} which
 * @returns {{ element: HTMLElement, close: () => void }}
 */
export function callView(page, { traceId, account }) {
  const path = `/debug/v1/calls/${traceId}`;
  const heading = el('h1', { tabindex: '-1' }, 'Call');
  const facts = el('dl', { class: 'facts' });
  const shownLength = el('span');
  const problem = el('p', { class: 'problem', role: 'alert' });
  const cure = el('div', { class: 'cure' });
  let explained = '';
  /** @type {HTMLFormElement | undefined} */
  let keypad;
  const actions = el('div', { class: 'actions' });
  const timeline = new Timeline((exchange) => reveal(exchange));
  const list = el('div', { class: 'exchanges' });
  const count = el('span', { class: 'aside' });
  const more = el('button', { type: 'button', class: 'quiet', onclick: () => showMore(PAGE) });
  /** @type {Map<string, ExchangeItem>} */
  const items = new Map();
  let limit = PAGE;
  let traceUrl = '';
  /** @type {Call | undefined} */
  let call;
  let opened = false;
  let closed = false;
  /** @type {{ close: () => void } | undefined} */
  let news;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let late;

  const element = el(
    'div',
    { class: 'call-page' },
    el('p', { class: 'back' }, el('a', { href: '#/' }, '← All calls')),
    el('div', { class: 'title-line' }, heading, actions),
    el('div', {}, problem, cure),
    facts,
    el(
      'div',
      { class: 'story' },
      el(
        'section',
        { 'aria-labelledby': 'timeline-title' },
        el('h2', { id: 'timeline-title' }, 'Time line'),
        timeline.element,
      ),
      el(
        'section',
        { 'aria-labelledby': 'exchanges-title' },
        el('h2', { id: 'exchanges-title' }, 'Requests and responses ', count),
        list,
        el('p', { class: 'more' }, more),
      ),
    ),
  );

  /** @param {Call} now */
  function showCall(now) {
    if (call !== undefined && call.state === 'active' && now.state !== 'active')
      announce(`The call is over: ${outcome(now)}`);
    call = now;
    showLength(now);
    const title = `${caller(now.from)} → ${now.number}`;
    heading.replaceChildren(title, ' ', el('span', { class: `badge ${now.state}` }, outcome(now)));
    page.title(title);
    problem.textContent = now.error === undefined ? '' : faultText(now.error);
    if (now.error !== undefined) void explain(now.error.code);
    facts.replaceChildren(
      ...fact('Callflow', now.callflow || 'none'),
      ...fact('Started', clock(now.started)),
      ...fact('Length', shownLength),
      ...fact('Call-ID', el('code', {}, now.call_id)),
      ...fact('Trace', trace(now)),
    );
    if (now.dropped_spans > 0) facts.append(...fact('Not kept', counted(now.dropped_spans, 'span')));
    showActions(now);
  }

  /** For a test call of ours that is up. @param {string} callId */
  function keyForm(callId) {
    const keys = el('input', {
      type: 'text',
      class: 'keys',
      'aria-label': 'Keys to press now',
      placeholder: 'Keys',
      autocomplete: 'off',
      required: true,
      pattern: '[0-9*#A-Da-dwW]+',
      maxlength: 64,
    });
    /** @param {SubmitEvent} event */
    const submit = async (event) => {
      event.preventDefault();
      try {
        await pressKeys(callId, keys.value);
        announce(`Pressed ${keys.value}`);
        keys.value = '';
        problem.textContent = '';
      } catch (error) {
        problem.textContent = error instanceof Error ? error.message : String(error);
      }
      keys.focus();
    };
    return el('form', { onsubmit: submit }, keys, el('button', { type: 'submit', class: 'quiet' }, 'Press'));
  }

  /** Says why it happens and what to do. @param {string} code */
  async function explain(code) {
    if (explained === code) return;
    explained = code;
    try {
      const { cause, cure: todo } = await ask(`/debug/v1/errors/${code}`);
      if (explained === code) cure.replaceChildren(...paragraph('Why', cause), ...paragraph('What to do', todo));
    } catch {
      // The message above says what happened; this is only more of it.
      cure.replaceChildren();
    }
  }

  /** @param {Call} now */
  function trace({ trace_id }) {
    const code = el('code', {}, trace_id);
    return /^https?:/.test(traceUrl) ? el('a', { href: traceUrl, rel: 'noreferrer' }, code) : code;
  }

  /** @param {Call} now */
  function showActions(now) {
    if (!page.about.test_calls) return;
    const active = now.state === 'active';
    if (active && isOurs(now.call_id)) {
      // Made once: what is being typed stays.
      if (keypad === undefined) {
        keypad = keyForm(now.call_id);
        actions.replaceChildren(
          keypad,
          button('Hang up', () => hangUp(now.call_id).catch(() => {})),
        );
      }
    } else if (!active && now.number !== '') {
      const again = button('Call again', async () => {
        again.disabled = true;
        try {
          page.go(
            linkTo(
              await placeCall({ number: now.number, from: now.from || 'anonymous', press: keysOf(timeline.lines) }),
            ),
          );
        } catch (error) {
          problem.textContent = error instanceof Error ? error.message : String(error);
        }
        again.disabled = false;
      });
      actions.replaceChildren(again);
    } else actions.replaceChildren();
  }

  /** @param {Head[]} heads */
  function takeHeads(heads) {
    if (call === undefined) return;
    for (const head of heads) {
      const known = items.get(head.id);
      if (known === undefined) items.set(head.id, new ExchangeItem(call, head));
      else known.update(head);
    }
    showMore(0);
    if (opened || items.size === 0) return;
    // What most people come for: the exchange that failed, else the first.
    opened = true;
    const first = [...items.values()].slice(0, limit).find(({ failed }) => failed) ?? items.values().next().value;
    if (first !== undefined) first.element.open = true;
  }

  /** @param {number} further */
  function showMore(further) {
    limit += further;
    const shown = [...items.values()].slice(0, limit);
    for (const { element: one } of shown.slice(list.childElementCount)) list.append(one);
    count.textContent = String(items.size);
    more.hidden = items.size <= limit;
    more.textContent = `Show ${Math.min(PAGE, items.size - limit)} more of ${items.size - limit}`;
  }

  /** @param {string} id */
  function reveal(id) {
    const index = [...items.keys()].indexOf(id);
    if (index >= limit) showMore(Math.ceil((index + 1 - limit) / PAGE) * PAGE);
    items.get(id)?.reveal();
  }

  /** @param {AbortSignal} [signal] */
  async function load(signal) {
    try {
      /** @type {Story} */
      const story = await ask(withQuery(path, { account }), signal === undefined ? {} : { signal });
      if (closed) return undefined;
      traceUrl = story.trace_url ?? '';
      showCall(story.call);
      timeline.show(story.call, story.timeline);
      takeHeads(story.exchanges);
      if (story.exchanges.length === 0 && story.call.state !== 'active')
        list.replaceChildren(el('p', { class: 'empty' }, 'The call made no requests.'));
      return story;
    } catch (error) {
      if (!closed && !page.refused(error)) problem.textContent = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  }

  async function begin() {
    if (!page.about.live) {
      page.status('polling');
      news = repeat(async (signal) => {
        const story = await load(signal);
        if (story !== undefined && story.call.state !== 'active') news?.close();
      }, page.about.poll_ms ?? 5000);
      return;
    }
    const story = await load();
    if (story === undefined || closed) return;
    if (story.call.state !== 'active') return page.status('over');
    news = follow({
      url: (last) => withQuery(`${path}/events`, { since: last || String(story.position) }),
      state: (now) => page.status(now),
      on: {
        /** @param {{ timeline: Line[], exchange?: Head }} told */
        news: ({ timeline: lines, exchange }) => {
          timeline.add(lines);
          if (exchange !== undefined) takeHeads([exchange]);
        },
        over: ({ call: now }) => {
          news?.close();
          page.status('over');
          if (now !== undefined) showCall(now);
          late = setTimeout(() => void load(), LATE_MS);
        },
      },
    });
  }

  const ticking = setInterval(() => {
    if (call?.state === 'active') showLength(call);
  }, 1000);
  /** @param {Call} now */
  function showLength(now) {
    shownLength.textContent = length(now);
  }
  void begin();

  return {
    element,
    close() {
      closed = true;
      news?.close();
      clearInterval(ticking);
      clearTimeout(late);
    },
  };
}

/** @param {Call} call */
function length({ started, ended }) {
  return duration((ended === undefined ? Date.now() : Date.parse(ended)) - Date.parse(started));
}

/**
 * A text of the catalogue of errors: code stands between backticks.
 *
 * @param {string} title
 * @param {string} text
 */
function paragraph(title, text) {
  const parts = text.split('`').map((part, index) => (index % 2 === 1 ? el('code', {}, part) : part));
  return [el('p', {}, el('b', {}, `${title}. `), ...parts)];
}

/**
 * @param {string} name
 * @param {Node | string} value
 */
function fact(name, value) {
  return [el('div', {}, el('dt', {}, name), el('dd', {}, value))];
}

/**
 * @param {string} text
 * @param {() => unknown} onclick
 */
function button(text, onclick) {
  return el('button', { type: 'button', class: 'quiet', onclick }, text);
}

/**
 * The keys that were pressed in a call, as far as its trace tells them.
 *
 * @param {Line[]} lines
 */
function keysOf(lines) {
  return lines.flatMap(({ text }) => /^digits (\S+) /.exec(text)?.[1] ?? []).join(' ');
}
