/** The differential fuzzer of the compiler; its words are in bench/fuzz/main.ts. */
import { runTs } from './run_ts.mjs';

await runTs('bench/fuzz/main.ts');
