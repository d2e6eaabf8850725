import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  SHN_LORESERVE,
  SHN_UNDEF,
  SHT_NOBITS,
  SHT_PROGBITS,
  STB_GLOBAL,
  STB_LOCAL,
  STT_FUNC,
  STT_OBJECT,
  STT_SECTION,
} from './elf.ts';
import { ElfFormatError, readElf } from './read.ts';
import type { ElfFile } from './read.ts';
import { writeElf } from './write.ts';
import type { ElfSpec } from './write.ts';

const cases = join(import.meta.dirname, '../../../recorded/linux-6.12/cases');
const names = readdirSync(cases, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);
const clangObject = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(join(cases, name, `${name}.clang.o`)));

const errorOf = (action: () => unknown): unknown => {
  try {
    action();
    return null;
  } catch (error) {
    return error;
  }
};

/** The spec that would write this file again. */
function specOf(elf: ElfFile): ElfSpec {
  const kept = elf.sections.filter((s) => s.type === SHT_PROGBITS || s.type === SHT_NOBITS);
  return {
    sections: kept.map((s) => ({
      name: s.name,
      type: s.type,
      flags: s.flags,
      align: s.align,
      data: s.data,
      size: s.size,
      relocs: elf.relocs(s.index).map((r) => ({ ...r, symbol: r.symbol - 1 })),
    })),
    symbols: elf.symbols.slice(1).map((s) => ({
      ...s,
      section:
        s.section === SHN_UNDEF
          ? null
          : s.section >= SHN_LORESERVE
            ? s.section
            : (elf.sections[s.section]?.name ?? null),
    })),
  };
}

test.for(names)('%s.clang.o written again says the same', (name) => {
  const first = specOf(readElf(clangObject(name)));
  expect(first.sections.some((s) => s.name === '.BTF' && s.data?.length)).toBe(true);
  expect(specOf(readElf(writeElf(first)))).toEqual(first);
});

test('clang.o of globals: a call relocation in iter/task names the global function bump in .text', () => {
  const elf = readElf(clangObject('globals'));
  const section = elf.section('iter/task');
  const calls = elf.relocs(section?.index ?? 0).filter((r) => r.type === 10);
  expect(calls.map((r) => r.offset)).toEqual([0x1b8]);
  expect(elf.symbols[calls[0]?.symbol ?? 0]).toMatchObject({
    name: 'bump',
    type: STT_FUNC,
    bind: STB_GLOBAL,
    size: 48,
    section: elf.section('.text')?.index,
  });
  expect(elf.section('.bss')).toMatchObject({ type: SHT_NOBITS, size: 0x28, data: new Uint8Array(0) });
});

test('local symbols come first in the file and relocations follow them', () => {
  const bytes = writeElf({
    sections: [
      { name: 'iter/task', data: new Uint8Array(16), align: 8, relocs: [{ offset: 0, symbol: 0, type: 1 }] },
      { name: '.bss', type: SHT_NOBITS, size: 8 },
    ],
    symbols: [
      { name: 'counter', section: '.bss', type: STT_OBJECT, bind: STB_GLOBAL, size: 8 },
      { name: 'iter/task', section: 'iter/task', type: STT_SECTION, bind: STB_LOCAL },
    ],
  });
  const elf = readElf(bytes);
  expect(elf.symbols.map((s) => s.name)).toEqual(['', 'iter/task', 'counter']);
  const [reloc] = elf.relocs(elf.section('iter/task')?.index ?? 0);
  expect(elf.symbols[reloc?.symbol ?? 0]?.name).toBe('counter');
  expect(elf.section('.symtab')?.info).toBe(2);
});

test('an object with any bytes changed or cut is read, or refused with ElfFormatError', () => {
  const good = clangObject('task_file_doc');
  const shoff = Number(new DataView(good.buffer, good.byteOffset).getBigUint64(40, true));
  // Headers, tables and the symbol table are where damage hurts.
  const place = fc.oneof(
    fc.nat({ max: 63 }),
    fc.integer({ min: shoff, max: good.length - 1 }),
    fc.nat({ max: good.length - 1 }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(place, fc.nat({ max: 255 })), { maxLength: 6 }),
      fc.oneof(fc.constant(good.length), fc.nat({ max: good.length })),
      (changes, length) => {
        const bytes = Uint8Array.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        expect(errorOf(() => readElf(bytes.subarray(0, length)))).toSatisfy(
          (error) => error === null || error instanceof ElfFormatError,
        );
      },
    ),
    { numRuns: 400 },
  );
});

test('what is no BPF object is refused by name', () => {
  expect(() => readElf(new Uint8Array(3))).toThrow('ELF: header at byte 0 runs past the end (3 bytes)');
  expect(() => readElf(new TextEncoder().encode('#include "vmlinux.h"\n'.repeat(9)))).toThrow('wrong magic');
  const x86 = Uint8Array.from(clangObject('globals'));
  x86[18] = 62;
  expect(() => readElf(x86)).toThrow('machine 62 is not BPF');
});
