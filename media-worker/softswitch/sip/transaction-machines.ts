import type { SipTimers } from './clock.ts';

/**
 * The four state machines of RFC 3261 section 17, with the corrections of RFC 6026, as plain functions: state and event in,
 * state and effects out. `transactions.ts` carries the effects out.
 */

export type TimerName = 'A' | 'B' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M';

export type Effect =
  /** Send the request, or the last response, again. */
  | { readonly do: 'send' }
  /** Send the ACK for a final response that is not 2xx. */
  | { readonly do: 'ack' }
  /** Hand the response to the user of the transaction. */
  | { readonly do: 'deliver' }
  | { readonly do: 'start'; readonly timer: TimerName; readonly ms: number }
  | { readonly do: 'stop'; readonly timer: TimerName }
  /** Nobody answered (408 for the user), or nobody acknowledged. */
  | { readonly do: 'timeout' }
  /** The transport failed (503 for the user). */
  | { readonly do: 'fail' }
  | { readonly do: 'end' };

export type StateName = 'calling' | 'trying' | 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';

export interface State {
  readonly name: StateName;
  /** Milliseconds until the next retransmission, for the timers that back off. */
  readonly interval: number;
}

export type ClientEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'response'; readonly status: number }
  | { readonly kind: 'timer'; readonly timer: TimerName }
  | { readonly kind: 'transport-error' };

export type ServerEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'retransmission' }
  | { readonly kind: 'respond'; readonly status: number }
  | { readonly kind: 'ack' }
  | { readonly kind: 'timer'; readonly timer: TimerName }
  | { readonly kind: 'transport-error' };

export interface Context {
  /** TCP: nothing is retransmitted, and the waiting timers are zero. */
  readonly reliable: boolean;
  readonly timers: SipTimers;
}

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export type Machine<E> = (state: State, event: E, context: Context) => Step;

const SEND: Effect = { do: 'send' };
const ACK: Effect = { do: 'ack' };
const DELIVER: Effect = { do: 'deliver' };
const TIMEOUT: Effect = { do: 'timeout' };
const FAIL: Effect = { do: 'fail' };
const END: Effect = { do: 'end' };
const NOTHING: readonly Effect[] = [];

const start = (timer: TimerName, ms: number): Effect => ({ do: 'start', timer, ms });
const stop = (timer: TimerName): Effect => ({ do: 'stop', timer });
const to = (name: StateName, ...effects: Effect[]): Step => ({ state: { name, interval: 0 }, effects });
const stay = (state: State): Step => ({ state, effects: NOTHING });

/** State before the first event. */
export const INITIAL: State = { name: 'trying', interval: 0 };

/** RFC 3261 figure 5, RFC 6026 section 8.4. */
export const inviteClient: Machine<ClientEvent> = (state, event, { reliable, timers }) => {
  const { t1 } = timers;
  const unanswered = state.name === 'calling';
  switch (event.kind) {
    case 'start':
      return {
        state: { name: 'calling', interval: t1 },
        effects: reliable ? [SEND, start('B', 64 * t1)] : [SEND, start('A', t1), start('B', 64 * t1)],
      };
    case 'timer':
      if (event.timer === 'A' && unanswered) {
        const interval = state.interval * 2;
        return { state: { name: 'calling', interval }, effects: [SEND, start('A', interval)] };
      }
      if (event.timer === 'B' && unanswered) return to('terminated', TIMEOUT, END);
      if (event.timer === 'D' || event.timer === 'M') return to('terminated', END);
      return stay(state);
    case 'transport-error':
      return state.name === 'calling' || state.name === 'proceeding' ? to('terminated', FAIL, END) : stay(state);
    case 'response':
      if (state.name === 'calling' || state.name === 'proceeding') {
        if (event.status < 200) return to('proceeding', stop('A'), stop('B'), DELIVER);
        if (event.status < 300) return to('accepted', stop('A'), stop('B'), start('M', 64 * t1), DELIVER);
        // Timer D: more than 32 s over UDP, so that the ACK can be sent again.
        return to('completed', stop('A'), stop('B'), ACK, start('D', reliable ? 0 : 64 * t1), DELIVER);
      }
      if (state.name === 'completed' && event.status >= 300) return { state, effects: [ACK] };
      // A 2xx again: the user sends its ACK again.
      if (state.name === 'accepted' && event.status >= 200 && event.status < 300) return { state, effects: [DELIVER] };
      return stay(state);
  }
};

/** RFC 3261 figure 6. */
export const nonInviteClient: Machine<ClientEvent> = (state, event, { reliable, timers }) => {
  const { t1, t2, t4 } = timers;
  const waiting = state.name === 'trying' || state.name === 'proceeding';
  switch (event.kind) {
    case 'start':
      return {
        state: { name: 'trying', interval: t1 },
        effects: reliable ? [SEND, start('F', 64 * t1)] : [SEND, start('E', t1), start('F', 64 * t1)],
      };
    case 'timer':
      if (event.timer === 'E' && waiting) {
        const interval = state.name === 'trying' ? Math.min(state.interval * 2, t2) : t2;
        return { state: { name: state.name, interval }, effects: [SEND, start('E', interval)] };
      }
      if (event.timer === 'F' && waiting) return to('terminated', TIMEOUT, END);
      if (event.timer === 'K') return to('terminated', END);
      return stay(state);
    case 'transport-error':
      return waiting ? to('terminated', FAIL, END) : stay(state);
    case 'response':
      if (!waiting) return stay(state);
      if (event.status < 200) return { state: { name: 'proceeding', interval: state.interval }, effects: [DELIVER] };
      return to('completed', stop('E'), stop('F'), start('K', reliable ? 0 : t4), DELIVER);
  }
};

/** RFC 3261 figure 7, RFC 6026 section 8.5. Retransmitting a 2xx is the user's work (section 13.3.1.4). */
export const inviteServer: Machine<ServerEvent> = (state, event, { reliable, timers }) => {
  const { t1, t2, t4 } = timers;
  switch (event.kind) {
    case 'start':
      return to('proceeding');
    case 'retransmission':
      return state.name === 'proceeding' || state.name === 'completed' ? { state, effects: [SEND] } : stay(state);
    case 'respond':
      if (state.name === 'proceeding') {
        if (event.status < 200) return { state, effects: [SEND] };
        if (event.status < 300) return to('accepted', SEND, start('L', 64 * t1));
        return {
          state: { name: 'completed', interval: t1 },
          effects: reliable ? [SEND, start('H', 64 * t1)] : [SEND, start('G', t1), start('H', 64 * t1)],
        };
      }
      return state.name === 'accepted' && event.status >= 200 && event.status < 300
        ? { state, effects: [SEND] }
        : stay(state);
    case 'ack':
      if (state.name !== 'completed') return stay(state);
      return to('confirmed', stop('G'), stop('H'), start('I', reliable ? 0 : t4));
    case 'timer':
      if (event.timer === 'G' && state.name === 'completed') {
        const interval = Math.min(state.interval * 2, t2);
        return { state: { name: 'completed', interval }, effects: [SEND, start('G', interval)] };
      }
      if (event.timer === 'H' && state.name === 'completed') return to('terminated', TIMEOUT, END);
      if (event.timer === 'I' || event.timer === 'L') return to('terminated', END);
      return stay(state);
    case 'transport-error':
      return state.name === 'completed' ? to('terminated', FAIL, END) : stay(state);
  }
};

/** RFC 3261 figure 8. */
export const nonInviteServer: Machine<ServerEvent> = (state, event, { reliable, timers }) => {
  switch (event.kind) {
    case 'start':
      return to('trying');
    case 'retransmission':
      return state.name === 'proceeding' || state.name === 'completed' ? { state, effects: [SEND] } : stay(state);
    case 'respond':
      if (state.name !== 'trying' && state.name !== 'proceeding') return stay(state);
      if (event.status < 200) return to('proceeding', SEND);
      return to('completed', SEND, start('J', reliable ? 0 : 64 * timers.t1));
    case 'ack':
      return stay(state);
    case 'timer':
      return event.timer === 'J' ? to('terminated', END) : stay(state);
    case 'transport-error':
      return state.name === 'completed' ? to('terminated', FAIL, END) : stay(state);
  }
};
