import { byId } from './dom.js';

/**
 * What views need of the page around them.
 *
 * @typedef {object} Page
 * @property {import('./types.js').About} about
 * @property {(hash: string) => void} go
 * @property {(text: string) => void} title
 * @property {(state: keyof typeof STATES) => void} status
 * @property {(error: unknown) => boolean} refused true: the token is not good (any more), and the page asks for another
 */

/** How the page stands to Pivot, and what is said of it. */
const STATES = {
  connecting: 'Connecting …',
  live: 'Live',
  paused: 'Paused',
  polling: 'Asked every few seconds',
  over: 'The call is over',
};

/** @param {keyof typeof STATES} state */
export function showStatus(state) {
  const element = byId('status');
  element.className = `status ${state}`;
  if (element.textContent !== STATES[state]) element.textContent = STATES[state];
}

/** @param {string} text */
export function showTitle(text) {
  document.title = text === '' ? 'Pivot Live Debug' : `${text} · Pivot Live Debug`;
}
