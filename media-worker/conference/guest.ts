import type { RecordingAbout } from '../recordings/entry.ts';
import type { RoomEvent } from './room-events.ts';
import type { JoinWish, Stayed } from './rooms.ts';

/** What the worker that owns a conference is told of a participant of another: the plain part of its wish. Travels in the shared store. */
export interface Guest {
  readonly account: string;
  readonly name: string;
  /** Of the participant's own call. */
  readonly callId: string;
  readonly callflow: string;
  readonly startOnEnter: boolean;
  readonly endOnExit: boolean;
  readonly muted: boolean;
  readonly deaf: boolean;
  readonly beep: { readonly enter: boolean; readonly exit: boolean };
  readonly maxParticipants: number;
  readonly callback?: { readonly url: string; readonly method: 'GET' | 'POST'; readonly events: readonly RoomEvent[] };
  readonly recording?: RecordingAbout;
  /** By which both workers tell each other how it goes: a key of the store, and a channel. */
  readonly visit: string;
}

/** What the owner says of a visit. */
export type VisitState =
  | { readonly kind: 'started'; readonly sid: string }
  | { readonly kind: 'over'; readonly stayed: Stayed }
  /** The conference is another worker's now. */
  | { readonly kind: 'moved' };

export function visitKey(visit: string): string {
  return `visit:${visit}`;
}

/** A URL with a password in it does not go through the store. */
function isPlain(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { username, password } = new URL(url);
  return username === '' && password === '';
}

/** The plain part of a wish; callbacks with a password in their URL are left out. */
export function guestOf(wish: JoinWish, visit: string): Guest {
  const { call, account, name, startOnEnter, endOnExit, muted, deaf, beep, maxParticipants, callback, recording } =
    wish;
  const { callId, callflow } = call.facts();
  const about = recording?.about;
  const urls = [about?.callback?.url, about?.upload?.url].filter((url) => url !== undefined);
  return {
    account,
    name,
    callId,
    callflow,
    startOnEnter,
    endOnExit,
    muted,
    deaf,
    beep,
    maxParticipants,
    visit,
    ...(callback === undefined || !isPlain(callback.url)
      ? {}
      : { callback: { url: callback.url, method: callback.method, events: callback.events } }),
    ...(about === undefined || !urls.every(isPlain) ? {} : { recording: about }),
  };
}

/** What was put into the store by a worker of this or another version. */
export function readGuest(value: unknown): Guest | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  const { account, name, callId, callflow, visit, maxParticipants, beep } = value as Record<string, unknown>;
  if (![account, name, callId, callflow, visit].every((text) => typeof text === 'string')) return undefined;
  if (typeof maxParticipants !== 'number' || beep === null || typeof beep !== 'object') return undefined;
  return value as Guest;
}

export function readVisit(text: string | undefined): VisitState | undefined {
  if (text === undefined) return undefined;
  try {
    const state = JSON.parse(text) as { kind?: unknown };
    return ['started', 'over', 'moved'].includes(String(state.kind)) ? (state as VisitState) : undefined;
  } catch {
    return undefined;
  }
}
