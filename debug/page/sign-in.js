import { setToken } from './api.js';
import { el } from './dom.js';

/**
 * Asks for a token of the cluster. It is kept nowhere but in this page's memory.
 *
 * @param {object} options
 * @param {string} options.problem what was wrong with the last one
 * @param {() => void} options.done
 */
export function signInView({ problem, done }) {
  const field = el('input', {
    type: 'password',
    autocomplete: 'off',
    spellcheck: 'false',
    required: true,
    'aria-describedby': 'token-help',
  });
  const form = el(
    'form',
    {
      class: 'sign-in',
      onsubmit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        setToken(field.value.trim());
        field.value = '';
        done();
      },
    },
    el('h1', { tabindex: '-1' }, 'Sign in'),
    el('p', {}, 'You see the callflows and calls of the namespaces whose callflows you may get.'),
    el('label', { class: 'field' }, el('span', {}, 'Token'), field),
    el(
      'p',
      { class: 'help', id: 'token-help' },
      'For example of ',
      el('code', {}, 'kubectl create token NAME'),
      '. It stays in this page and is gone when you close it.',
    ),
    el('p', { class: 'problem', role: 'alert' }, problem),
    el('button', { type: 'submit', class: 'main' }, 'Show calls'),
  );
  return { element: form, close: () => {} };
}
