import fc from 'fast-check';
import { VERBS } from '../verbs/registry.ts';

const names = [...Object.keys(VERBS), 'Variable', 'Dial', 'break', 'Foo', 'constructor'];
const attributes = [...new Set(Object.values(VERBS).flatMap((verb) => Object.keys(verb.attributes))), 'key', 'value'];
const value = fc.oneof(
  fc.constantFrom('', '0', '-1', '1.5', '1e9', '999999999999999999999', 'true', '#', '/x', 'http://', 'en', '\u00a0'),
  fc.string({ maxLength: 20 }).map((text) => text.replace(/[<&"]|[^ -~]/g, '')),
);
/** A well-formed element: verbs, nouns and strangers, with any attributes and values, nested in any way. */
export const { element: anyElement } = fc.letrec<{ element: string }>((tie) => ({
  element: fc
    .tuple(
      fc.constantFrom(...names),
      fc.dictionary(fc.constantFrom(...attributes), value, { maxKeys: 4 }),
      fc.array(fc.oneof({ depthSize: 'small' }, value, tie('element')), { maxLength: 4 }),
    )
    .map(([name, given, children]) => {
      const written = Object.entries(given).map(([key, text]) => ` ${key}="${text}"`);
      return `<${name}${written.join('')}>${children.join('')}</${name}>`;
    }),
}));
