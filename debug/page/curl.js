/** @typedef {import('./types.js').Exchange} Exchange */

/** Headers that curl makes itself. */
const MADE = new Set(['content-length', 'host', 'connection', 'transfer-encoding', 'accept-encoding']);

/**
 * The request as a line for a shell, to be sent again while there is no call.
 *
 * @param {Exchange} exchange
 * @returns {string}
 */
export function curlOf({ method, uri, req_headers: headers = {}, req_body: body }) {
  const words = ['curl', '-i', '-X', method.toUpperCase(), quoted(uri)];
  for (const [name, value] of Object.entries(headers)) {
    if (MADE.has(name.toLowerCase())) continue;
    for (const one of Array.isArray(value) ? value : [value]) words.push('-H', quoted(`${name}: ${one}`));
  }
  if (body !== undefined && body !== '') words.push('--data-raw', quoted(body));
  return words.join(' ');
}

/**
 * In single quotes nothing means anything to a shell.
 *
 * @param {string} text
 * @returns {string}
 */
function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
