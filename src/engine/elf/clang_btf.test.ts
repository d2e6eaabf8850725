import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BtfBuilder } from '../btf/build.ts';
import { readBtfExt, writeBtfExt } from '../btf/ext.ts';
import { Btf } from '../btf/parse.ts';
import type { BtfType } from '../btf/types.ts';
import { readElf } from './read.ts';

const cases = join(import.meta.dirname, '../../../recorded/linux-6.12/cases');
const sectionOf = (name: string, section: string): Uint8Array =>
  readElf(Uint8Array.from(readFileSync(join(cases, name, `${name}.clang.o`)))).section(section)?.data ??
  new Uint8Array(0);
const typesOf = (btf: Btf): BtfType[] =>
  Array.from({ length: btf.end - btf.start }, (_, i) => btf.type(btf.start + i));

test.for(readdirSync(cases).filter((name) => !name.includes('.')))(
  'BTF of %s.clang.o built again is the same',
  (name) => {
    const original = Btf.parse(sectionOf(name, '.BTF'));
    const builder = new BtfBuilder();
    for (const type of typesOf(original)) builder.define(builder.reserve(), type);
    expect(typesOf(Btf.parse(builder.encode()))).toEqual(typesOf(original));

    const ext = readBtfExt(sectionOf(name, '.BTF.ext'));
    expect(ext.flatMap((s) => s.funcInfo).length).toBeGreaterThan(0);
    expect(readBtfExt(writeBtfExt(ext))).toEqual(ext);
  },
);
