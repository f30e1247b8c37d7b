import { ApiError, ask, setToken } from './api.js';
import { callView } from './call-view.js';
import { callsView } from './calls-view.js';
import { byId, el } from './dom.js';
import { showStatus, showTitle } from './page.js';
import { signInView } from './sign-in.js';

/**
 * @typedef {import('./types.js').About} About
 * @typedef {{ element: HTMLElement, close: () => void }} View
 */

const main = byId('main');
/** @type {View | undefined} */
let view;
let signedIn = false;

/**
 * @param {About} about
 */
function start(about) {
  signedIn = about.auth === 'none';
  const signOut = el('button', { type: 'button', class: 'quiet small', onclick: () => leave('') }, 'Sign out');
  /** @type {import('./page.js').Page} */
  const page = {
    about,
    go: (hash) => {
      location.hash = hash;
    },
    title: showTitle,
    status: showStatus,
    refused(error) {
      if (!(error instanceof ApiError) || error.status !== 401) return false;
      leave(error.message);
      return true;
    },
  };

  /** @param {string} problem */
  function leave(problem) {
    setToken('');
    signedIn = false;
    route(problem);
  }

  /** @param {string} [problem] */
  function route(problem = '') {
    const first = view === undefined;
    view?.close();
    showTitle('');
    byId('status').textContent = '';
    if (about.auth === 'bearer') signOut.remove();
    if (!signedIn) {
      view = signInView({
        problem,
        done: () => {
          signedIn = true;
          route();
        },
      });
    } else {
      if (about.auth === 'bearer') byId('bar-end').append(signOut);
      const [, traceId, query = ''] = /^#\/calls\/([0-9a-f]{32})(?:\?(.*))?$/.exec(location.hash) ?? [];
      view =
        traceId === undefined
          ? callsView(page)
          : callView(page, { traceId, account: new URLSearchParams(query).get('account') ?? '' });
    }
    main.replaceChildren(view.element);
    // After a change of view, focus and reading go on at its heading.
    if (!first) view.element.querySelector('h1')?.focus();
    scrollTo(0, 0);
  }

  addEventListener('hashchange', () => route());
  route();
}

// The address says which view is shown; going to the calls is not another one.
document.querySelector('.skip')?.addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});

ask('/debug/v1/about').then(start, (/** @type {Error} */ error) => {
  main.replaceChildren(el('p', { class: 'problem', role: 'alert' }, error.message));
});
