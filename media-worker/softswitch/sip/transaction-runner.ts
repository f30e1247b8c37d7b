import type { Clock, SipTimers, Timer } from './clock.ts';
import { type Effect, INITIAL, type Machine, type State, type TimerName } from './transaction-machines.ts';

/** A machine at work. */
export interface Runner<E> {
  state: State;
  step(event: E): void;
  cancelTimers(): void;
}

/** Runs one machine: applies events, keeps its timers. `carry` does what concerns messages. */
export function runMachine<E>(
  { clock, timers }: { readonly clock: Clock; readonly timers: SipTimers },
  machine: Machine<E>,
  reliable: boolean,
  timerEvent: (timer: TimerName) => E,
  carry: (effect: Effect) => void,
): Runner<E> {
  const running = new Map<TimerName, Timer>();
  const runner: Runner<E> = {
    state: INITIAL,
    step(event) {
      const { state, effects } = machine(runner.state, event, { reliable, timers });
      runner.state = state;
      let expired: TimerName | undefined;
      for (const effect of effects) {
        if (effect.do === 'stop') {
          running.get(effect.timer)?.cancel();
          running.delete(effect.timer);
        } else if (effect.do !== 'start') carry(effect);
        else if (effect.ms === 0) expired = effect.timer;
        else {
          const { timer } = effect;
          running.get(timer)?.cancel();
          running.set(
            timer,
            clock.after(effect.ms, () => {
              running.delete(timer);
              runner.step(timerEvent(timer));
            }),
          );
        }
      }
      if (expired !== undefined) runner.step(timerEvent(expired));
    },
    cancelTimers() {
      for (const timer of running.values()) timer.cancel();
      running.clear();
    },
  };
  return runner;
}
