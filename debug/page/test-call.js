import { ApiError, ask } from './api.js';
import { announce, el } from './dom.js';

/** @typedef {import('./types.js').Call} Call */

const LOOKS = 25;
const LOOK_EVERY_MS = 200;

/** What was asked for last, so that the form and `Call again` have it. */
const last = { number: '', from: '+15550100', press: '' };

/** Call-IDs of calls that this page has placed: those it can hang up. */
const placed = new Set();

/** @param {string} callId */
export function isOurs(callId) {
  return placed.has(callId);
}

/**
 * Places a call and waits until it is known.
 *
 * @param {{ number: string, from: string, press: string }} wanted
 * @returns {Promise<Call>}
 */
export async function placeCall({ number, from, press }) {
  const keys = press.split(/[\s,]+/).filter((group) => group !== '');
  const { call_id } = await ask('/debug/v1/test-calls', { method: 'POST', body: { number, from, press: keys } });
  placed.add(call_id);
  for (let look = 0; look < LOOKS; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const { calls } = await ask('/debug/v1/calls?limit=20');
    const found = calls.find((/** @type {Call} */ call) => call.call_id === call_id);
    if (found !== undefined) return found;
  }
  throw new ApiError(0, '', 'The call was placed, but nothing is known of it.');
}

/** @param {string} callId */
export function hangUp(callId) {
  return ask(`/debug/v1/test-calls/${encodeURIComponent(callId)}`, { method: 'DELETE' });
}

/**
 * @param {string} callId
 * @param {string} keys
 */
export function pressKeys(callId, keys) {
  return ask(`/debug/v1/test-calls/${encodeURIComponent(callId)}/keys`, { method: 'POST', body: { keys } });
}

/**
 * The form.
 *
 * @param {(call: Call) => void} placedCall
 */
export function testCallForm(placedCall) {
  const numbers = el('datalist', { id: 'numbers' });
  const message = el('p', { class: 'form-message', role: 'status' });
  const button = el('button', { type: 'submit', class: 'main' }, 'Call');
  const number = input('number', 'Number', { required: true, list: 'numbers', placeholder: '2030' });
  const from = input('from', 'From', {});
  const press = input('press', 'Keys to press', {
    placeholder: '1 42#',
    'aria-describedby': 'press-help',
    pattern: '[0-9*#A-Da-dwW ,]*',
  });
  const form = el(
    'form',
    { class: 'test-call', onsubmit: submit },
    number.label,
    from.label,
    press.label,
    el(
      'p',
      { class: 'help', id: 'press-help' },
      'One group for each prompt that waits, with spaces between; w waits half a second.',
    ),
    button,
    message,
    numbers,
  );

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    Object.assign(last, { number: number.field.value.trim(), from: from.field.value.trim(), press: press.field.value });
    button.disabled = true;
    message.className = 'form-message';
    message.textContent = `Calling ${last.number} …`;
    try {
      const call = await placeCall(last);
      message.textContent = '';
      announce(`The call to ${last.number} is in progress.`);
      placedCall(call);
    } catch (error) {
      message.className = 'form-message bad';
      message.textContent = error instanceof Error ? error.message : String(error);
    } finally {
      button.disabled = false;
    }
  }

  number.field.value = last.number;
  from.field.value = last.from;
  press.field.value = last.press;
  return {
    element: form,
    /** @param {string[]} all */
    suggest(all) {
      numbers.replaceChildren(...all.map((value) => el('option', { value })));
      if (number.field.value === '' && document.activeElement !== number.field) number.field.value = all[0] ?? '';
    },
  };
}

/**
 * @param {string} name
 * @param {string} label
 * @param {Record<string, string | boolean>} attributes
 */
function input(name, label, attributes) {
  const field = el('input', { name, type: 'text', autocomplete: 'off', spellcheck: 'false', ...attributes });
  return { field, label: el('label', { class: 'field' }, el('span', {}, label), field) };
}
