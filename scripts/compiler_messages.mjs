/** The compiler's messages beside clang's; bench/messages/main.ts says how. */
import { runTs } from './run_ts.mjs';

await runTs('bench/messages/main.ts');
