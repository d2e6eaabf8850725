/** The yardstick of the compiler's front end; bench/front/main.ts says how. */
import { runTs } from './run_ts.mjs';

await runTs('bench/front/main.ts');
