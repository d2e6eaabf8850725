/** Pointers into arenas: where they are used, they are made the kernel's, by the instruction clang uses. */
import { expect, test } from 'vitest';
import { must } from '../../shared/assert.ts';
import { disasmInsn } from '../abi/disasm.ts';
import { decodeInsns } from '../abi/insn.ts';
import { readElf } from '../elf/read.ts';
import { recordedBtf } from '../vm/testing.ts';
import { compile } from './compile.ts';

const HEADER = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#define __arena __attribute__((address_space(1)))
struct item { long a; struct item __arena *next; int list[4]; };
typedef struct item __arena item_t;
item_t *head;
char LICENSE[] SEC("license") = "GPL";
`;
const compiled = (text: string) =>
  compile({ path: 'arena.bpf.c', text: HEADER + text, kernelBtf: recordedBtf() });

function instructions(body: string): string[] {
  const { object, diagnostics } = compiled(`SEC("syscall") int f(item_t *p) { ${body} }`);
  expect(diagnostics.map((d) => d.message)).toEqual([]);
  const code = must(
    readElf(must(object, 'object')).sections.find(({ name }) => name === 'syscall'),
    'section',
  );
  return decodeInsns(code.data).flatMap((insn, i, all) =>
    insn.code === 0 ? [] : [disasmInsn(insn, { next: all[i + 1] })],
  );
}
const casts = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => /addr_space_cast\(r\d+, (\d, \d)\)/.exec(line)?.[1] ?? []);

test('a pointer is cast once for all accesses through it', () => {
  const lines = instructions('p->a = 5; p->list[2] += 7; struct item copy = *p; return copy.list[1];');
  expect(casts(lines)).toEqual(['0, 1']);
  expect(lines[0]).toBe('r1 = addr_space_cast(r1, 0, 1)');
});

test('a pointer that is kept, compared or counted on is not cast', () => {
  expect(casts(instructions('if (!p) return 1; head = p + 1; return p == head;'))).toEqual([]);
});

test('casts of the program', () => {
  expect(casts(instructions('void *k = (void *)p; return bpf_get_current_comm(k, 4);'))).toEqual(['0, 1']);
  expect(casts(instructions('char b[4]; head = (item_t *)(struct item *)b; return 0;'))).toEqual(['1, 0']);
  expect(casts(instructions('head = (item_t *)(struct item *)p; return 0;'))).toEqual([]);
});

test('atomics and variables in the arena', () => {
  expect(casts(instructions('return __sync_fetch_and_add(&p->a, 2);'))).toEqual(['0, 1']);
  const { object } = compiled('int __arena counter = 3; SEC("syscall") int f(void *c) { return counter++; }');
  expect(readElf(must(object, 'object')).sections.map(({ name }) => name)).toContain('.addr_space.1');
});

test.for<[string, string]>([
  [
    'void *k = p;',
    "initializing 'void *' with an expression of type 'item_t *' changes address space of pointer",
  ],
  ['int __arena x = 0; return x;', 'automatic variable qualified with an address space'],
])('%s is refused', ([body, message]) => {
  const { diagnostics } = compiled(`SEC("syscall") int f(item_t *p) { ${body} return 0; }`);
  expect(diagnostics.filter((d) => d.severity === 'error').map((d) => d.message)).toEqual([message]);
});
