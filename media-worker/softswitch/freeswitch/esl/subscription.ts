/** Which events a connection wants: `event`, `nixevent`, `noevents`, `filter`, `myevents` (mod_event_socket.c, recorded in 22 and 42). */

import { type EventFormat, headerOf, type SwitchEvent } from '../event.ts';
import { EVENT_NAMES } from '../event-names.ts';

interface Keywords {
  readonly names: readonly string[];
  readonly subclasses: readonly string[];
  readonly all: boolean;
  readonly custom: boolean;
}

/** `SWITCH_EVENT_` is tolerated; CUSTOM takes the rest as subclasses; unknown names are passed over. */
function parseKeywords(words: readonly string[]): Keywords {
  const names: string[] = [];
  const subclasses: string[] = [];
  let all = false;
  let custom = false;
  for (const word of words) {
    if (custom) {
      subclasses.push(word);
      continue;
    }
    const name = word.toUpperCase().replace(/^SWITCH_EVENT_/, '');
    if (name === 'ALL') all = true;
    else if (name === 'CUSTOM') custom = true;
    else if (EVENT_NAMES.has(name)) names.push(name);
  }
  return { names, subclasses, all, custom };
}

const FORMATS: ReadonlySet<string> = new Set(['plain', 'json', 'xml']);

export class Subscription {
  format: EventFormat = 'plain';
  /** `myevents`: only this channel's. */
  #channel: string | undefined;
  #all = false;
  /** CUSTOM without subclasses means every subclass. */
  #allCustom = false;
  readonly #names = new Set<string>();
  readonly #subclasses = new Set<string>();
  #filters: { readonly header: string; readonly value: string; readonly pattern: RegExp | undefined }[] = [];

  /** `event [plain|json|xml] NAME …`; the reply text. */
  add(text: string): string {
    const words = text.split(/\s+/).filter((word) => word !== '');
    const first = words[0]?.toLowerCase();
    const format = first !== undefined && FORMATS.has(first) ? (first as EventFormat) : undefined;
    const { names, subclasses, all, custom } = parseKeywords(format === undefined ? words : words.slice(1));
    if (names.length === 0 && !all && !custom) return '-ERR no keywords supplied';
    this.format = format ?? 'plain';
    if (all) this.#all = true;
    for (const name of names) this.#names.add(name);
    for (const subclass of subclasses) this.#subclasses.add(subclass);
    if (custom && subclasses.length === 0) this.#allCustom = true;
    return `+OK event listener enabled ${this.format}`;
  }

  remove(text: string): string {
    const { names, subclasses, all, custom } = parseKeywords(text.split(/\s+/).filter((word) => word !== ''));
    if (names.length === 0 && !all && !custom) return '-ERR no keywords supplied';
    // `nixevent` of one name out of ALL leaves the others.
    if (this.#all && !all) for (const name of EVENT_NAMES) this.#names.add(name);
    this.#all = false;
    if (all) this.clear();
    for (const name of names) this.#names.delete(name);
    for (const subclass of subclasses) this.#subclasses.delete(subclass);
    if (custom && subclasses.length === 0) this.#allCustom = false;
    return '+OK events nixed';
  }

  clear(): string {
    this.#all = false;
    this.#allCustom = false;
    this.#channel = undefined;
    this.#names.clear();
    this.#subclasses.clear();
    return '+OK no longer listening for events';
  }

  /** `myevents [UUID] [format]`. */
  only(uuid: string, format: string | undefined): string {
    this.#channel = uuid;
    this.#all = true;
    if (format !== undefined && FORMATS.has(format)) this.format = format as EventFormat;
    return '+OK Events Enabled';
  }

  /** `filter [delete] HEADER [VALUE]`. A value `/…/` is a regular expression. */
  filter(text: string): string {
    const match = /^(delete\s+|add\s+)?(\S+)(?:\s+(.*?))?\s*$/i.exec(text.trim());
    const header = match?.[2];
    if (header === undefined) return '-ERR invalid syntax';
    const value = match?.[3];
    if (match?.[1]?.toLowerCase().startsWith('delete') === true) {
      if (header === 'all') this.#filters = [];
      this.#filters = this.#filters.filter((it) => it.header !== header || (value !== undefined && it.value !== value));
      return `+OK filter deleted. [${header}][${value ?? ''}]`;
    }
    if (value === undefined || value === '') return '-ERR invalid syntax';
    this.#filters.push({ header, value, pattern: patternOf(value) });
    return `+OK filter added. [${header}]=[${value}]`;
  }

  /** Before an event is built: its name, and its channel if the filters name channels only. */
  wants(name: string, subclass: string | undefined, uuid: string | undefined): boolean {
    if (this.#channel !== undefined && uuid !== this.#channel) return false;
    if (!this.#all) {
      if (name !== 'CUSTOM') {
        if (!this.#names.has(name)) return false;
      } else if (!this.#allCustom && (subclass === undefined || !this.#subclasses.has(subclass))) return false;
    }
    const filters = this.#filters;
    if (filters.length === 0) return true;
    return filters.some((it) => it.header !== 'Unique-ID' || it.pattern !== undefined || it.value === uuid);
  }

  /** Filters are or-ed; an event without the header does not pass. */
  passes(event: SwitchEvent): boolean {
    if (this.#filters.length === 0) return true;
    return this.#filters.some((it) => {
      const value = headerOf(event, it.header);
      if (value === undefined) return false;
      return it.pattern === undefined ? value === it.value : it.pattern.test(value);
    });
  }
}

function patternOf(value: string): RegExp | undefined {
  if (value.length < 3 || !value.startsWith('/') || !value.endsWith('/')) return undefined;
  try {
    return new RegExp(value.slice(1, -1));
  } catch {
    return undefined;
  }
}
