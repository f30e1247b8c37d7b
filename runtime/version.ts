/** Name and version that every process shows: User-Agent, traces, `--version`. Kept equal to package.json by a test. */
export const PRODUCT = 'Pivot';
export const PRODUCT_VERSION = '0.1.0';
