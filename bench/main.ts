/**
 * The benchmarks: every figure in one run, each beside a peer. See docs/BENCH.md.
 *
 *     --only WORD     groups whose name begins so: compile, length, analyze, verify, vm, recording, world, walk, targets
 *     --check         fail when a ratio is worse than the baseline allows
 *     --update        write what was measured to the baseline
 */
import { readOptions, refuse } from '../scripts/options.mjs';
import { analyzeGroup } from './analyze.ts';
import { compileGroup } from './compile.ts';
import { compileLengthGroup } from './compile_length.ts';
import { readBaseline, regressions, tableOf, writeBaseline } from './report.ts';
import type { Group, Metric } from './report.ts';
import { targetsGroup } from './targets.ts';
import { verifyGroup } from './verify.ts';
import { vmGroup } from './vm.ts';
import { recordingGroup, walkGroup } from './walk.ts';
import { worldGroup } from './world.ts';

const BASELINE = 'bench/baseline.json';

const GROUPS: readonly (readonly [name: string, measure: () => Group])[] = [
  ['compile', compileGroup],
  ['length', compileLengthGroup],
  ['analyze', analyzeGroup],
  ['verify', verifyGroup],
  ['vm', vmGroup],
  ['recording', () => recordingGroup(10_000)],
  ['world', worldGroup],
  ['walk', () => walkGroup(1_000)],
  ['walk', () => walkGroup(10_000)],
  ['targets', () => targetsGroup(500)],
];

const { values: flags } = readOptions({
  options: {
    only: { type: 'string', default: '' },
    check: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
  },
});

if (!GROUPS.some(([name]) => name.startsWith(flags.only)))
  refuse(`No group is called ${flags.only}. There are: ${GROUPS.map(([name]) => name).join(', ')}`);
const metrics: Metric[] = [];
for (const [name, measure] of GROUPS) {
  if (!name.startsWith(flags.only)) continue;
  const group = measure();
  console.log(tableOf(group));
  metrics.push(...group.metrics);
}

const baseline = readBaseline(BASELINE);
if (flags.update) writeBaseline(BASELINE, baseline, metrics);
if (flags.check) {
  const worse = regressions(metrics, baseline);
  for (const sentence of worse) console.error(sentence);
  console.log(worse.length === 0 ? `${metrics.length} ratios are as good as the baseline's.` : '');
  process.exitCode = worse.length === 0 ? 0 : 1;
}
