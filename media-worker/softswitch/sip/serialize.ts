import { headerKey } from './header-names.ts';
import type { Message } from './message.ts';

/** Line ends inside a value would start another header: they become spaces. */
function oneLine(text: string): string {
  return text.includes('\n') || text.includes('\r') ? text.replaceAll('\r', ' ').replaceAll('\n', ' ') : text;
}

/** The start line, without its line end. */
export function startLine(message: Message): string {
  return message.kind === 'request'
    ? `${oneLine(message.method)} ${oneLine(message.uri)} SIP/2.0`
    : `SIP/2.0 ${message.status} ${oneLine(message.reason)}`;
}

/**
 * The message as it goes on the wire. Content-Length is always the true one: where the header stands in `lines`, else last.
 */
export function serialize(message: Message): string {
  const length = Buffer.byteLength(message.body);
  let text = `${startLine(message)}\r\n`;
  let lengthWritten = false;
  for (const { name, value } of message.lines) {
    if (headerKey(name) === 'content-length') {
      if (!lengthWritten) text += `Content-Length: ${length}\r\n`;
      lengthWritten = true;
    } else {
      text += `${oneLine(name)}: ${oneLine(value)}\r\n`;
    }
  }
  if (!lengthWritten) text += `Content-Length: ${length}\r\n`;
  return `${text}\r\n${message.body}`;
}
