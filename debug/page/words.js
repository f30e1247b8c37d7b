/** How times, counts and results are written. */

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/**
 * `14:03:21`; with the day when it was not today.
 *
 * @param {string} iso
 * @param {Date} [now]
 */
export function clock(iso, now = new Date()) {
  const time = new Date(iso);
  const today = time.toDateString() === now.toDateString();
  return today ? CLOCK.format(time) : `${DAY.format(time)}, ${CLOCK.format(time)}`;
}

/**
 * `0.4 s`, `12 s`, `3 min 20 s`.
 *
 * @param {number} ms
 */
export function duration(ms) {
  if (ms < 0) return '0 s';
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** @param {string} number */
export function caller(number) {
  return number === '' ? 'Anonymous' : number;
}

/** @param {Pick<import('./types.js').Call, 'state' | 'result'>} call */
export function outcome({ state, result = '' }) {
  if (state === 'active') return 'In progress';
  if (result === '') return state === 'failed' ? 'Failed' : 'Ended';
  const word = result.charAt(0).toUpperCase() + result.slice(1).replaceAll('-', ' ');
  return state === 'failed' && result === 'completed' ? `${word}, with errors` : word;
}
