/**
 * Challenges that wait for their answer. A telephone answers at once, and then the challenge is no news; whoever does not has been refused, which is.
 */
export interface Unanswered {
  add(callId: string, report: () => void): void;
  /** The caller has come back, with whatever. */
  answered(callId: string): void;
  /** Reports what is left. */
  close(): void;
}

const ANSWER_WITHIN_MS = 5000;
/** More are not reported: somebody floods, and metrics count. */
const MOST = 500;

export function createUnanswered(): Unanswered {
  const waiting = new Map<string, { readonly report: () => void; readonly timer: NodeJS.Timeout }>();
  const over = (callId: string): (() => void) | undefined => {
    const found = waiting.get(callId);
    if (found === undefined) return undefined;
    clearTimeout(found.timer);
    waiting.delete(callId);
    return found.report;
  };
  return {
    add(callId, report) {
      over(callId);
      if (waiting.size >= MOST) return;
      const timer = setTimeout(() => over(callId)?.(), ANSWER_WITHIN_MS).unref();
      waiting.set(callId, { report, timer });
    },
    answered(callId) {
      over(callId);
    },
    close() {
      for (const callId of [...waiting.keys()]) over(callId)?.();
    },
  };
}
