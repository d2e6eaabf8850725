/** What the fuzzer's command needs: src/engine/verifier/fuzz is run by scripts/fuzz_verifier.mjs. */
export { Btf } from '../../btf/parse.ts';
export { Campaign, emptyTally } from './campaign.ts';
export { GENERATOR_VERSION } from './generate.ts';
