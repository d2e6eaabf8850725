/** What the fuzzer's command needs: src/engine/verifier/fuzz is run by scripts/fuzz_verifier.mjs. */
export { Btf } from '../../btf/parse.ts';
export { Symbols } from '../../kernel/symbols.ts';
export { compileSource } from '../../machine/program.ts';
export { Campaign, MutantCampaign, emptyTally } from './campaign.ts';
export { GENERATOR_VERSION } from './generate.ts';
