/** A moment and a run as plain text, for a message, a bug report or a reader without the page. */
import type { Scenario } from '../../protocol/scenario.ts';
import { describeMoment, outcome } from '../trace/describe.ts';
import { kindAt } from '../trace/fold.ts';
import type { Folded } from '../trace/fold.ts';
import type { Holding } from '../trace/held.ts';
import type { Names } from '../trace/names.ts';
import type { Position } from '../trace/units.ts';
import { whyCall } from '../trace/why.ts';

/** Callbacks before and after the moment that are written down with it. */
const AROUND = 5;
/** Most callbacks of a run that are written down. */
const CALLS_MOST = 200_000;

/** `   17  read 2  show   bash, fd 2                     wrote 30 B` */
export function callLine(f: Folded, names: Names, call: number): string {
  const number = String(call + 1).padStart(6);
  const read = `read ${(f.trace.read[call] ?? 0) + 1}`.padEnd(8);
  const kind = kindAt(f.trace, call).padEnd(6);
  return `${number}  ${read} ${kind} ${names.subject(f, call).padEnd(28)} ${outcome(f, call)}`.trimEnd();
}

/** What a run was made from, a line for each part. */
export function scenarioLines(scenario: Scenario): readonly string[] {
  const { attach = {}, fill = [], readSize } = scenario.options;
  const given = Object.entries(attach).map(([name, value]) => `${name} ${value}`);
  for (const [map, count] of fill) given.push(`${count} elements in ${map}`);
  return [
    `program  ${scenario.source.path}`,
    `world    ${scenario.world.name}`,
    `attach   ${given.length > 0 ? given.join(', ') : 'no parameters'}`,
    ...(readSize === undefined ? [] : [`read()   ${readSize} B`]),
  ];
}

export function momentText(
  f: Folded,
  names: Names,
  at: Position,
  scenario: Scenario,
  held: readonly Holding[],
): string {
  const { call } = at;
  const from = Math.max(0, call - AROUND);
  const to = Math.min(f.trace.length, call + AROUND + 1);
  const calls = Array.from(
    { length: to - from },
    (_, i) => `${from + i === call ? '>' : ' '}${callLine(f, names, from + i)}`,
  );
  const holds = held.map((one) => `${one.kind} ${names.object(one.object, call)}`);
  return [
    ...scenarioLines(scenario),
    '',
    describeMoment(f, names, at),
    ...whyCall(f, names, call),
    ...(holds.length > 0 ? [`Held now: ${holds.join('; ')}.`] : []),
    '',
    ...calls,
    '',
  ].join('\n');
}

/** The whole run: what went in, every callback, and the bytes that read(2) returned. */
export function runText(f: Folded, names: Names, scenario: Scenario, output: string): string {
  const shown = Math.min(f.trace.length, CALLS_MOST);
  const left = f.trace.length + f.trace.dropped - shown;
  return [
    ...scenarioLines(scenario),
    `walk     iter/${f.trace.target}, session ${f.trace.session}, ${f.trace.length} callbacks, ${f.trace.reads.length} reads`,
    '',
    ...Array.from({ length: shown }, (_, call) => callLine(f, names, call)),
    ...(left > 0 ? [`and ${left} callbacks that are not written down`] : []),
    '',
    'Output:',
    output,
  ].join('\n');
}
