/** Rows of a struct tell a 0 that is meant from one that says nothing. */
import kernelBtf from 'virtual:kernel-btf';
import { expect, test } from 'vitest';
import { must } from '../../shared/assert.ts';
import { Btf } from '../btf/parse.ts';
import { buildWorld } from '../kernel/build_world.ts';
import { parseWorld } from '../kernel/world.ts';
import { dumpStruct } from './struct_dump.ts';

const world = parseWorld({ processes: [{ pid: 1, comm: 'init' }], reader: 1 });
const kernel = buildWorld(world, { btf: Btf.parse(kernelBtf) });
const task = kernel.view('task_struct', kernel.current);

const simulated = (struct: string, addr: bigint): Record<string, boolean> =>
  Object.fromEntries(
    must(dumpStruct(kernel, struct, addr), struct).fields.map((row) => [row.path, row.simulated]),
  );

test('a field that something here stores to is simulated, and no other', () => {
  const fields = simulated('task_struct', task.addr);
  expect(fields).toMatchObject({ pid: true, exit_code: true, comm: true, tasks: true, 'se.on_rq': true });
  expect(fields).toMatchObject({ robust_list: false, rseq: false, 'se.vruntime': false, se: true });
});

test('bits of one byte are told apart', () => {
  task.set('in_execve', 0);
  expect(simulated('task_struct', task.addr)).toMatchObject({ in_execve: true });
  expect(simulated('signal_struct', task.ptr('signal'))).toMatchObject({
    is_child_subreaper: false,
    has_child_subreaper: false,
  });
});

test('a struct inside another is judged by its own fields, from within and from outside', () => {
  const fs = must(task.deref('fs'), 'fs');
  const mount = kernel.view('mount', fs.ptr('root.mnt') - mountOffset());
  expect(simulated('mount', mount.addr)).toMatchObject({ 'mnt.mnt_root': true, 'mnt.mnt_idmap': false });
  expect(simulated('vfsmount', mount.at('mnt'))).toMatchObject({ mnt_root: true, mnt_idmap: false });
});

const mountOffset = (): bigint => BigInt(kernel.types.struct('mount').field('mnt').offset);
