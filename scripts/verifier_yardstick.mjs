/** The yardstick of the verifier; bench/yardstick/main.ts says how. */
import { runTs } from './run_ts.mjs';

await runTs('bench/yardstick/main.ts');
