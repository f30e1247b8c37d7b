/**
 * One event of FreeSWITCH's event system: headers in wire order, perhaps a body. Formatting follows
 * `spec/wire/README.md` section B: JSON on one line, plain with URL-encoded values.
 */

/** A channel variable may hold several values (`ARRAY::a|:b` in plain format, an array in JSON). */
export type HeaderValue = string | readonly string[];
export type Header = readonly [name: string, value: HeaderValue];

export interface SwitchEvent {
  readonly name: string;
  /** Of a CUSTOM event. */
  readonly subclass: string | undefined;
  readonly headers: readonly Header[];
  readonly body: string | undefined;
}

export type EventFormat = 'plain' | 'json' | 'xml';

/** The first value of a header, undefined when absent. Names are compared exactly, as FreeSWITCH's filters do. */
export function headerOf(event: SwitchEvent, name: string): string | undefined {
  for (const [key, value] of event.headers) if (key === name) return plainValue(value);
  return undefined;
}

function plainValue(value: HeaderValue): string {
  return typeof value === 'string' ? value : `ARRAY::${value.join('|:')}`;
}

// switch_utils.h: SWITCH_URL_UNSAFE; `,` `/` `(` and the like stay as they are.
const UNSAFE = /[^!$'()*,\-./0-9A-Z_a-z~]/;

/** URL-encodes as FreeSWITCH does in plain events and in the reply to `connect`. */
export function urlEncode(value: string): string {
  if (!UNSAFE.test(value)) return value;
  let out = '';
  for (const byte of Buffer.from(value, 'utf8')) {
    const char = String.fromCharCode(byte);
    out += UNSAFE.test(char) ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}` : char;
  }
  return out;
}

/** `Name: value` lines, values URL-encoded, each ended by LF. */
export function headerLines(headers: readonly Header[]): string {
  let out = '';
  for (const [name, value] of headers) out += `${name}: ${urlEncode(plainValue(value))}\n`;
  return out;
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** The body of a `text/event-*` message. */
export function formatEvent(event: SwitchEvent, format: EventFormat): string {
  const bodyLength = event.body === undefined ? 0 : Buffer.byteLength(event.body);
  switch (format) {
    case 'json': {
      const object: Record<string, HeaderValue> = {};
      for (const [name, value] of event.headers) object[name] = value;
      if (event.body !== undefined) {
        object['Content-Length'] = String(bodyLength);
        object['_body'] = event.body;
      }
      return JSON.stringify(object);
    }
    case 'plain': {
      const length = event.body === undefined ? '' : `Content-Length: ${bodyLength}\n`;
      return `${headerLines(event.headers)}${length}\n${event.body ?? ''}`;
    }
    case 'xml': {
      const lines = event.headers.map(
        ([name, value]) => `    <${name}>${escapeXml(urlEncode(plainValue(value)))}</${name}>\n`,
      );
      const body =
        event.body === undefined
          ? ''
          : `  <Content-Length>${bodyLength}</Content-Length>\n  <body>${escapeXml(event.body)}</body>\n`;
      return `<event>\n  <headers>\n${lines.join('')}  </headers>\n${body}</event>`;
    }
  }
}

/** A complete `text/event-*` message. For events, `Content-Length` comes before `Content-Type`. */
export function frameEvent(event: SwitchEvent, format: EventFormat): string {
  const body = formatEvent(event, format);
  return `Content-Length: ${Buffer.byteLength(body)}\nContent-Type: text/event-${format}\n\n${body}`;
}
