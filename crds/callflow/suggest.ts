/**
 * Edits (insert, delete, replace, swap of neighbours) between two words, at most `limit` + 1. Words here are field and module names, so
 * the plain table is fast enough.
 */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, beforeLast[j - 2]! + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/** Letters only, lower case: `voiceUrl`, `voice-url` and `voice_url` are the same word. */
function bare(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/**
 * The known word that `word` was probably meant to be: the same but for case and separators, else the nearest one within one edit
 * (words of up to 4 letters) or two (longer ones). Undefined when nothing is near.
 */
export function suggest(word: string, known: Iterable<string>): string | undefined {
  if (word.length === 0 || word.length > 64) return undefined;
  const plain = bare(word);
  const limit = plain.length <= 4 ? 1 : 2;
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    if (candidate === word) return candidate;
    const distance = editDistance(plain, bare(candidate), limit);
    if (distance < bestDistance && distance < bare(candidate).length - 1) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}
