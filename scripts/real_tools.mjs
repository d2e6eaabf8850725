/** Acceptance of our objects by real tools; bench/tools/main.ts says how. */
import { runTs } from './run_ts.mjs';

await runTs('bench/tools/main.ts');
