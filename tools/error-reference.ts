import { catalogue } from '../crds/errors/catalogue.ts';
import type { CodeEntry } from '../crds/errors/fault.ts';

/** `docs/errors.md`: every code with what happened, why, and what to do. */
export function errorReference(): string {
  const areas = catalogue.filter((area) => area.entries.length > 0);
  return `${[
    '# Errors and warnings',
    '<!-- Made by tools/generate-docs.ts of crds/errors/; do not edit. -->',
    'Whatever goes wrong has a code: `PV-` and four digits. The same code stands in the terminal, in the log, in the trace of the call, in the debug API and in the condition of the resource. An **error** ends what was being done (the exchange, the action, the manifest); a **warning** is reported, and the call goes on unless the resource says `strict: true`.',
    areas
      .map((area) => `- [PV-${area.digits}xx: ${area.title}](#${anchor(`PV-${area.digits}xx ${area.title}`)})`)
      .join('\n'),
    ...areas.flatMap((area) => [`# PV-${area.digits}xx ${area.title}`, ...[...area.entries].sort(byCode).map(section)]),
  ].join('\n\n')}\n`;
}

function byCode(a: CodeEntry, b: CodeEntry): number {
  return a.code < b.code ? -1 : 1;
}

function section({ code, severity, title, cause, cure }: CodeEntry): string {
  return [
    `## ${code} — ${escapeHtml(title)}`,
    `*${severity}*`,
    `**Why.** ${escapeHtml(cause)}`,
    `**What to do.** ${escapeHtml(cure)}`,
  ].join('\n\n');
}

/** The anchor that GitHub gives a heading. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

/** `<Say>` outside of backticks would be taken for an element. */
export function escapeHtml(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll('<', '&lt;')))
    .join('');
}
