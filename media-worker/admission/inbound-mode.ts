/**
 * Whose calls are taken. `authenticated`: those of trunks and devices. `open`: everybody's; who says to be a device, by credentials or in From,
 * has to prove it all the same.
 */
export const INBOUND_MODES = ['open', 'authenticated'] as const;
export type InboundMode = (typeof INBOUND_MODES)[number];
