/** Name of a call's root span: who records traces and who reads them agree on it. */
export const ROOT_SPAN = 'call';
