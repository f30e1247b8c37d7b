import type { ErrorObject } from 'ajv';
import type { CodeEntry } from '../errors/fault.ts';
import { show } from './collector.ts';
import { join, tokens } from './pointer.ts';
import { suggest } from './suggest.ts';

/** What an ajv error means, in plain words. `pointer` is relative to the checked value; `path` names the field as people write it. */
export interface Explanation {
  readonly entry: CodeEntry;
  readonly pointer: string;
  readonly message: string;
}

/** The codes of the three kinds of errors, which differ between resources and actions. */
export interface ExplainCodes {
  readonly missing: CodeEntry;
  readonly type: CodeEntry;
  readonly value: CodeEntry;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

/** Explains all errors of one check; of several about one value, only the most basic one (a wrong type before a wrong range). */
export function explain(errors: readonly ErrorObject[], subject: string, codes: ExplainCodes): Explanation[] {
  const wrongType = new Set(errors.filter((error) => error.keyword === 'type').map((error) => error.instancePath));
  const explanations: Explanation[] = [];
  for (const error of errors) {
    if (error.keyword !== 'type' && wrongType.has(error.instancePath)) continue;
    const explanation = explainOne(error, codes);
    explanations.push({ ...explanation, message: `${subject}: ${explanation.message}` });
  }
  return explanations;
}

function explainOne(error: ErrorObject, codes: ExplainCodes): Explanation {
  const { keyword, params, instancePath: pointer } = error;
  const secret = (error.parentSchema as { writeOnly?: boolean } | undefined)?.writeOnly === true;
  const field = `"${readablePath(pointer)}"`;
  const given = secret ? 'what is given' : show(error.data);
  const valueFault = (message: string): Explanation => ({ entry: codes.value, pointer, message });
  switch (keyword) {
    case 'required': {
      const missing = String(params['missingProperty']);
      const what = descriptionOf(error, missing);
      return {
        entry: codes.missing,
        pointer,
        message: `"${readablePath(join(pointer, missing))}" is missing${what === undefined ? '' : ` (${what})`}`,
      };
    }
    case 'type': {
      const quotes = params['type'] === 'string' && typeof error.data === 'number' ? '; put it in quotes' : '';
      const message = `${field} must be ${typeWords(params['type'])}, not ${given}${quotes}`;
      return { entry: codes.type, pointer, message };
    }
    case 'enum': {
      const allowed = params['allowedValues'] as readonly unknown[];
      const meant =
        typeof error.data === 'string'
          ? suggest(
              error.data,
              allowed.filter((one) => typeof one === 'string'),
            )
          : undefined;
      const hint = meant === undefined ? '' : `; did you mean ${show(meant)}?`;
      return valueFault(`${field} must be ${oneOf(allowed)}, not ${given}${hint}`);
    }
    case 'const':
      return valueFault(`${field} must be ${show(params['allowedValue'])}, not ${given}`);
    case 'minimum':
      return valueFault(`${field} must be at least ${params['limit']}, not ${given}`);
    case 'maximum':
      return valueFault(`${field} must be at most ${params['limit']}, not ${given}`);
    case 'minLength':
      return valueFault(
        params['limit'] === 1
          ? `${field} must not be empty`
          : `${field} must have at least ${params['limit']} characters`,
      );
    case 'maxLength':
      return valueFault(`${field} must have at most ${params['limit']} characters`);
    case 'minItems':
      return valueFault(
        params['limit'] === 1
          ? `${field} must not be an empty list`
          : `${field} must have at least ${params['limit']} entries`,
      );
    case 'maxItems':
      return valueFault(`${field} must have at most ${params['limit']} entries`);
    case 'uniqueItems':
      return valueFault(
        `${field} must not hold the same entry twice (entries ${params['j']} and ${params['i']} are equal)`,
      );
    case 'pattern':
      return valueFault(`${field} must have the form ${params['pattern']}, which ${given} has not`);
    case 'additionalProperties':
      return {
        entry: codes.value,
        pointer: join(pointer, String(params['additionalProperty'])),
        message: `${field} may not hold "${params['additionalProperty']}"`,
      };
    default:
      return valueFault(`${field} ${error.message ?? 'is not allowed'}`);
  }
}

/** `/endpoints/0/weight` as `endpoints[0].weight`. */
export function readablePath(pointer: string): string {
  return tokens(pointer).reduce((path, token) => {
    if (/^\d+$/.test(token)) return `${path}[${token}]`;
    return path === '' ? token : `${path}.${token}`;
  }, '');
}

function typeWords(type: unknown): string {
  const types = Array.isArray(type) ? type : String(type).split(',');
  return types.map((one: string) => TYPE_WORDS[one] ?? one).join(' or ');
}

function oneOf(values: readonly unknown[]): string {
  const words = values.map(show);
  return words.length === 1 ? words[0]! : `one of ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** The description of the missing field, first sentence, so that the message says what to add. */
function descriptionOf(error: ErrorObject, missing: string): string | undefined {
  const parent = error.parentSchema as { properties?: Record<string, { description?: string }> } | undefined;
  const description = parent?.properties?.[missing]?.description;
  return description?.split(/\.(?=\s|$)/)[0];
}
