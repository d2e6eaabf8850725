/** Compile time against a program's length: as many functions as it takes, or one that gets longer and longer. */
import type { Btf } from '../src/engine/btf/parse.ts';
import { compileSource } from '../src/engine/machine/program.ts';
import { must } from '../src/shared/assert.ts';
import { inProcess, race } from './measure.ts';
import { figure, ms, times } from './report.ts';
import type { Group, Row } from './report.ts';
import { recordedBtf } from './sources.ts';

const LENGTHS = [500, 1000, 2500, 5000];

const HEAD = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
char LICENSE[] SEC("license") = "GPL";
long counts[64];
`;

/** Ten lines as they stand in programs: a condition, a sum in memory, a walk, a text. */
const piece = (n: number): string => `	{
		struct task_struct *parent = task->real_parent;
		unsigned int key = (task->pid + ${n}) & 63;

		if (task->tgid > ${n} && parent)
			counts[key] += parent->pid;
		else
			counts[(key ^ ${n % 64}) & 63] -= task->prio;
		BPF_SEQ_PRINTF(ctx->meta->seq, "${n} %d %lx\\n", task->pid, counts[${n % 64}]);
	}
`;
const PIECE_LINES = 10;

function iterator(name: string, from: number, pieces: number): string {
  const body = Array.from({ length: pieces }, (_, i) => piece(from + i)).join('');
  return `SEC("iter/task")
int ${name}(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
${body}	return 0;
}
`;
}

const SHAPES: Readonly<Record<string, (lines: number) => string>> = {
  'functions of 30 lines': (lines) =>
    HEAD + Array.from({ length: Math.round(lines / 40) }, (_, i) => iterator(`f${i}`, 3 * i, 3)).join('\n'),
  'one function': (lines) => HEAD + iterator('f', 0, Math.round(lines / PIECE_LINES)),
};

function compile(text: string, btf: Btf): void {
  const { object, diagnostics } = compileSource({ path: 'long.bpf.c', text }, btf, () => null);
  must(object, `an object: ${diagnostics[0]?.message}`);
}

export function compileLengthGroup(): Group {
  const btf = recordedBtf();
  const growths: number[] = [];
  const rows = Object.entries(SHAPES).map(([what, make]): Row => {
    const texts = LENGTHS.map((lines) => make(lines));
    const samplers = Object.fromEntries(
      texts.map((text, i) => [String(i), inProcess(() => compile(text, btf))]),
    );
    const found = race(samplers, 2);
    const perLine = texts.map((text, i) => (found[String(i)]?.warm ?? NaN) / text.split('\n').length);
    const growth = (perLine.at(-1) ?? NaN) / (perLine[1] ?? NaN);
    growths.push(growth);
    return {
      what,
      cells: [
        ...texts.map((_, i) => ms(found[String(i)]?.warm ?? NaN)),
        `${figure((perLine.at(-1) ?? NaN) * 1000)} µs`,
        times(growth),
      ],
    };
  });
  return {
    title: 'Compile time against length',
    columns: [...LENGTHS.map((lines) => `${lines} lines`), 'a line of the longest', 'against 1000 lines'],
    rows,
    metrics: [
      {
        name: 'length: a line among 5000 / a line among 1000, worst shape',
        value: Math.max(...growths),
        better: 'lower',
        tolerance: 1.5,
      },
    ],
    notes: [],
  };
}
