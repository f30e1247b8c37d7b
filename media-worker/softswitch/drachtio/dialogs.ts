import type { Clock } from '../sip/clock.ts';
import type { DialogState } from '../sip/dialog.ts';
import type { Peer } from '../sip/transport.ts';
import type { App, DialogRecord } from './records.ts';

/** The tag is that of the dialog's first request: the caller's, in both directions. */
export function dialogIdOf(callId: string, fromTag: string): string {
  return `${callId};from-tag=${fromTag}`;
}

/** Dialogs by the id that applications use, and by what a request from the network says. */
export interface Dialogs {
  readonly size: number;
  open(id: string, state: DialogState, app: App, flow: Peer): DialogRecord;
  byId(id: string): DialogRecord | undefined;
  /** `localTag` is the To tag of a request from the far end. */
  byTags(callId: string, localTag: string, remoteTag: string): DialogRecord | undefined;
  close(dialog: DialogRecord): void;
  /** INVITEs of applications that failed: their dialog ids are remembered for a while, since drachtio-srf sends ACKs for them. */
  rememberFailed(id: string): void;
  hasFailed(id: string): boolean;
  /** An application went away: its dialogs stay for `ms`. */
  orphan(app: App, ms: number): void;
  clear(): void;
}

/** 64*T1: as long as the failed INVITE's transaction would last. */
const FAILED_MS = 32_000;

export function createDialogs(clock: Clock): Dialogs {
  const ids = new Map<string, DialogRecord>();
  const tags = new Map<string, DialogRecord>();
  const failed = new Map<string, { cancel(): void }>();
  const tagKey = (callId: string, localTag: string, remoteTag: string): string => `${callId}|${localTag}|${remoteTag}`;
  const keyOf = ({ state }: DialogRecord): string => tagKey(state.callId, state.localTag, state.remoteTag);

  const dialogs: Dialogs = {
    get size() {
      return ids.size;
    },
    open(id, state, app, flow) {
      const dialog: DialogRecord = {
        id,
        state,
        app,
        flow,
        confirmed: false,
        sentInvite: undefined,
        unacknowledged: new Map(),
        inviteInbound: false,
        expiry: undefined,
      };
      const earlier = ids.get(id);
      if (earlier !== undefined) dialogs.close(earlier);
      ids.set(id, dialog);
      tags.set(keyOf(dialog), dialog);
      return dialog;
    },
    byId: (id) => ids.get(id),
    byTags: (callId, localTag, remoteTag) => tags.get(tagKey(callId, localTag, remoteTag)),
    close(dialog) {
      dialog.expiry?.cancel();
      for (const { stop } of dialog.unacknowledged.values()) stop();
      dialog.unacknowledged.clear();
      if (ids.get(dialog.id) === dialog) ids.delete(dialog.id);
      if (tags.get(keyOf(dialog)) === dialog) tags.delete(keyOf(dialog));
    },
    rememberFailed(id) {
      failed.get(id)?.cancel();
      failed.set(
        id,
        clock.after(FAILED_MS, () => failed.delete(id)),
      );
    },
    hasFailed: (id) => failed.has(id),
    orphan(app, ms) {
      for (const dialog of ids.values()) {
        if (dialog.app === app) dialog.expiry ??= clock.after(ms, () => dialogs.close(dialog));
      }
    },
    clear() {
      for (const dialog of [...ids.values()]) dialogs.close(dialog);
      for (const timer of failed.values()) timer.cancel();
      failed.clear();
    },
  };
  return dialogs;
}
