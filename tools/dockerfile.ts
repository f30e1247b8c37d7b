/** One line of a Dockerfile. */
export interface Instruction {
  readonly name: string;
  /** `--from=build` and the like. */
  readonly flags: ReadonlyMap<string, string>;
  /** What follows, at its blanks. */
  readonly words: readonly string[];
  /** What follows, as it is. */
  readonly text: string;
}

export interface Stage {
  readonly base: string;
  /** The name after AS. */
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** Reads a Dockerfile as far as ours goes: one instruction a line, no continuation lines, no variables. Throws at anything else. */
export function readDockerfile(text: string): readonly Stage[] {
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const match = /^([A-Z]+)\s+((?:--[a-z]+=\S+\s+)*)(.*\S)\s*$/.exec(line);
    if (match === null || line.endsWith('\\') || /\$[{\w]/.test(line))
      throw new Error(`line ${index + 1} is not understood: ${line}`);
    const [, name = '', flags = '', rest = ''] = match;
    if (name === 'FROM') {
      const [base = '', , stage] = rest.split(/\s+/);
      stages.push({ base, name: stage, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`line ${index + 1} stands before the first FROM`);
    stage.instructions.push({
      name,
      flags: new Map([...flags.matchAll(/--([a-z]+)=(\S+)/g)].map(([, key, value]) => [key!, value!])),
      words: rest.split(/\s+/),
      text: rest,
    });
  }
  return stages;
}
