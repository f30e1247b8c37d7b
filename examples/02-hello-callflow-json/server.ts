/**
 * A greeting in Callflow JSON. An answer is one action, `{module, data, children}`; what follows it is its child `_`. Without a child the
 * call ends.
 */
import { callflow, type Example, runServer } from '../web.ts';

export const helloCallflowJson: Example = {
  path: '/hello-json',
  answer: ({ parameters }) => {
    const number = parameters.get('Caller-ID-Number') ?? 'anonymous';
    return callflow({
      module: 'tts',
      data: { text: `Hello. You called from ${inDigits(number)}.` },
      children: {
        _: { module: 'play', data: { id: 'tone_stream://%(300,0,800)' } },
      },
    });
  },
};

/** `1001` is spoken as "1 0 0 1", not as a thousand and one. */
function inDigits(number: string): string {
  return /^\+?\d+$/.test(number) ? [...number.replace('+', '')].join(' ') : 'a hidden number';
}

if (import.meta.main) await runServer([helloCallflowJson]);
