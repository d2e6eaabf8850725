/** What scripts/fuzz_worlds.mjs runs. */
export { Btf } from '../../btf/parse.ts';
export { Campaign, emptyTally, GENERATOR_VERSION } from './campaign.ts';
