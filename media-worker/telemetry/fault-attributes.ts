import type { Attributes } from '@opentelemetry/api';
import type { Fault } from '../../crds/errors/fault.ts';

/** Attributes that say which fault it was; the same in spans, events, logs and conditions. */
export function faultAttributes(fault: Fault): Attributes {
  const { file, line, column, pointer } = fault.place ?? {};
  return {
    'pivot.error.code': fault.code,
    'pivot.error.message': fault.message,
    ...(file === undefined ? {} : { 'pivot.error.file': file }),
    ...(line === undefined ? {} : { 'pivot.error.line': line }),
    ...(column === undefined ? {} : { 'pivot.error.column': column }),
    ...(pointer === undefined ? {} : { 'pivot.error.pointer': pointer }),
  };
}
