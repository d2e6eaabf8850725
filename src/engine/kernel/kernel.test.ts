import kernelBtf from 'virtual:kernel-btf';
import { expect, test } from 'vitest';
import { Btf } from '../btf/parse.ts';
import { boot } from './boot.ts';
import { Kernel } from './kernel.ts';
import { KallsymsError, Symbols } from './symbols.ts';

const btf = Btf.parse(kernelBtf);
const booted = (kallsyms: string): Kernel => {
  const kernel = new Kernel({ release: '6.12', btf, symbols: Symbols.parse(kallsyms) });
  boot(kernel, { inums: {}, root: { fstype: 'rootfs', dev: 2, mountId: 1, device: 'rootfs' } });
  return kernel;
};

test('static objects lie at the addresses kallsyms gives them', () => {
  const kernel = booted('ffffffff82c10940 D init_task\nffffffff82047540 d empty_fops.71\n');
  expect(kernel.object('init_task', 'task_struct').addr).toBe(0xffff_ffff_82c1_0940n);
  expect(kernel.object('init_task', 'task_struct').str('comm')).toBe('swapper/0');
  expect(kernel.object('empty_fops', 'file_operations').addr).toBe(0xffff_ffff_8204_7540n);
});

test('objects whose pages adjoin in the image can be read across the page border', () => {
  const kernel = booted(
    'ffffffff82001000 d tty_fops\nffffffff82000ff0 d null_fops\nffffffff82001f80 d zero_fops\n',
  );
  for (const fops of ['tty_fops', 'null_fops', 'zero_fops']) {
    const { addr, type } = kernel.object(fops, 'file_operations');
    expect(kernel.mem.bytes(addr, type.size)).toHaveLength(type.size);
  }
});

test('without a symbol a static object lies in ordinary memory', () => {
  const { addr } = booted('ffffffff81000000 T _stext\n').object('init_task', 'task_struct');
  expect(addr > 0xffff_8880_0000_0000n && addr < 0xffff_9000_0000_0000n).toBe(true);
});

test('a line that is no symbol is named', () => {
  expect(() => Symbols.parse('ffffffff81000000 T _stext\nnonsense here\n')).toThrow(KallsymsError);
  expect(() => Symbols.parse('ffffffff81000000 T _stext\nnonsense here\n')).toThrow(
    /^line 2: .*"nonsense here"/,
  );
});
