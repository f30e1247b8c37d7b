import type { secretKeyRef } from './definitions/common.ts';
import type { FromField } from './definitions/field.ts';
import type { pivotCallflow } from './definitions/pivot-callflow.ts';
import type { pivotDevice } from './definitions/pivot-device.ts';
import type { pivotFleet } from './definitions/pivot-fleet.ts';
import type { pivotMedia } from './definitions/pivot-media.ts';
import type { pivotSettings } from './definitions/pivot-settings.ts';
import type { pivotTrunk } from './definitions/pivot-trunk.ts';
import type { pivotUser } from './definitions/pivot-user.ts';

export const GROUP = 'pivot.voice';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

/** What every resource has (Kubernetes `ObjectMeta`, the part that is read). */
export interface ObjectMeta {
  readonly name: string;
  /** Empty for a kind of cluster scope. */
  readonly namespace: string;
  readonly generation?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** RFC 3339. In a folder: the file's first sight, so that the older of two claims to a number can be told. */
  readonly creationTimestamp?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

export type SecretKeyRef = FromField<typeof secretKeyRef>;

/** `spec.pivot` once validated: the settings of the pivot action. Field names are Pivot's own. */
export type PivotSpec = FromField<typeof pivotSettings>;

/** What makes an attempt worth repeating: no connection, no answer in time, an answer of 500 to 599. */
export type RetryOn = NonNullable<PivotSpec['retries']>['on'][number];

/** A resource of our group. Its spec is as `definitions/` says, with the defaults filled in. */
export interface CustomResource<Kind extends string, Spec> {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
}

/** `pivot`, `failback` and `flow` are objects, no more: `validateCallflow` makes callflows of them. */
export type PivotCallflowSpec = FromField<typeof pivotCallflow.spec>;
export type PivotMediaSpec = FromField<typeof pivotMedia.spec>;
export type PivotTrunkSpec = FromField<typeof pivotTrunk.spec>;
export type PivotUserSpec = FromField<typeof pivotUser.spec>;
export type PivotDeviceSpec = FromField<typeof pivotDevice.spec>;
export type PivotFleetSpec = FromField<typeof pivotFleet.spec>;

export type PivotCallflow = CustomResource<'PivotCallflow', PivotCallflowSpec>;
export type PivotMedia = CustomResource<'PivotMedia', PivotMediaSpec>;
export type PivotTrunk = CustomResource<'PivotTrunk', PivotTrunkSpec>;
export type PivotUser = CustomResource<'PivotUser', PivotUserSpec>;
export type PivotDevice = CustomResource<'PivotDevice', PivotDeviceSpec>;
export type PivotFleet = CustomResource<'PivotFleet', PivotFleetSpec>;

export type PivotCallflowStatus = FromField<typeof pivotCallflow.status>;
export type PivotTrunkStatus = FromField<typeof pivotTrunk.status>;
export type PivotFleetStatus = FromField<typeof pivotFleet.status>;
/** The status of the other kinds: conditions alone. */
export type PlainStatus = FromField<typeof pivotMedia.status>;

/** Every resource of our group. */
export type PivotResource = PivotCallflow | PivotMedia | PivotTrunk | PivotUser | PivotDevice | PivotFleet;

/** A core `v1` Secret; values here are already decoded from base64. */
export interface Secret {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly metadata: ObjectMeta;
  readonly data: Readonly<Record<string, string>>;
}

export type Resource = PivotResource | Secret;

/** A resource with the place each of its parts was read from, so that faults can name file, line and column. */
export interface Located<R extends Resource = Resource> {
  readonly resource: R;
  readonly file?: string;
  /** Line and column (from 1) of the value at a JSON pointer into the document, or of its nearest parent. */
  readonly at?: (pointer: string) => { readonly line: number; readonly column: number } | undefined;
}
