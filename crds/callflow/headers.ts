/** Headers that belong to the connection or the body; setting them would break the request (RFC 9110, sections 7.6.1 and 8.6). */
const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** `token` of RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;

/** Why a header may not be sent, with its name but never its value; undefined when it may. Missing parts are not judged. */
export function findRequestHeaderRefusal(name: string | undefined, value: string | undefined): string | undefined {
  if (name !== undefined && !TOKEN.test(name)) return `${JSON.stringify(name.slice(0, 64))} is not a header name`;
  if (name !== undefined && CONNECTION_HEADERS.has(name.toLowerCase())) {
    return `the header "${name}" belongs to the HTTP connection and cannot be set`;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (value !== undefined && /[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) {
    return `the value of the header "${name ?? ''}" holds a line break or another control character`;
  }
  return undefined;
}
