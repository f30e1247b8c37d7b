import type { Collector } from './collector.ts';
import type { CallflowNode } from './node.ts';
import type { ValidationMode } from './pivot-data.ts';

export function lint(_root: CallflowNode, _pointer: string, _mode: ValidationMode, _collector: Collector): void {}
