/** Name of a call's root span: who records traces and who reads them agree on it. */
export const ROOT_SPAN = 'call';
/** On the root of a call of which somebody wants to see everything: its trace is exported whatever the sampler says. */
export const DEBUG_ATTRIBUTE = 'pivot.debug';
