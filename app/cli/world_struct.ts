/**
 * `iterscope world NAME --show PATH`: one struct of a world, field by field. PATH begins at a task and follows
 * pointers by name:
 *
 *     --show task      --show task.signal --pid 841      --show task.files.fdt
 *
 * A field that nothing in this kernel keeps says so: its 0 means nothing.
 */
import { didYouMean, UsageError } from './options.ts';
import { rows } from '../../src/engine/inspect/rows.ts';
import { dumpStruct } from '../../src/engine/inspect/struct_dump.ts';
import type { Kernel } from '../../src/engine/kernel/kernel.ts';
import { initialNamespace } from '../../src/engine/kernel/objects/namespace.ts';
import { findTaskByPidNs } from '../../src/engine/kernel/objects/pid.ts';
import type { View } from '../../src/engine/kernel/view.ts';
import type { PeekField, PeekStruct } from '../../src/protocol/peek.ts';

const START = 'task';
const NOT_SIMULATED = 'not simulated';

/** The struct that a member is or points to. @throws UsageError */
function step(from: View, member: string, so: string): View {
  const field = from.type.tryField(member);
  const names = (): string[] => Array.from(rows(from.types.btf, from.type.id), ({ path }) => path);
  if (!field)
    throw new UsageError(
      `--show ${so}.${member}: struct ${from.type.name} has no field '${member}'${didYouMean(member, names())}`,
    );
  if (!from.types.behindPointer(field.type)) {
    try {
      return from.sub(member);
    } catch {
      throw new UsageError(`--show ${so}.${member}: ${member} is no struct and points to none`);
    }
  }
  const target = from.deref(member);
  if (!target) throw new UsageError(`--show ${so}.${member}: the pointer is NULL`);
  return target;
}

function follow(kernel: Kernel, path: string, pid: number | undefined): View {
  const [start, ...members] = path.split('.');
  if (start !== START)
    throw new UsageError(`--show takes a path from a task, such as task.mm, not '${path}'`);
  let at =
    pid === undefined
      ? kernel.view('task_struct', kernel.current)
      : findTaskByPidNs(kernel, pid, initialNamespace(kernel, 'pid'));
  if (!at) throw new UsageError(`there is no task ${pid}`);
  let so = START;
  for (const member of members) {
    at = step(at, member, so);
    so += `.${member}`;
  }
  return at;
}

/** @param path from a task @param pid of that task; left out: the reader @throws UsageError */
export function structAt(kernel: Kernel, path: string, pid: number | undefined): PeekStruct {
  const at = follow(kernel, path, pid);
  const dump = dumpStruct(kernel, at.type.name, at.addr);
  if (!dump) throw new UsageError(`--show ${path}: no memory is there`);
  return dump;
}

const hexText = (addr: bigint): string => `0x${addr.toString(16)}`;

/** A field as JSON has it: null where nothing is known. */
const told = ({ path, type, offset, size, value, simulated }: PeekField) => ({
  path,
  type,
  offset,
  size,
  simulated,
  value: simulated ? value : null,
});

export const structJson = ({ struct, addr, size, fields }: PeekStruct) => ({
  struct,
  addr: hexText(addr),
  size,
  fields: fields.map(told),
});

/** The fields as lines: offset, name, value. A struct's own line has none; its members' follow. */
export function structText({ struct, addr, size, fields }: PeekStruct): string {
  const kept = fields.filter(({ simulated }) => simulated).length;
  const width = Math.max(...fields.map(({ path }) => path.length));
  const lines = fields.map(({ path, offset, value, simulated }) =>
    `${String(offset).padStart(6)}  ${path.padEnd(width)}  ${simulated ? value : NOT_SIMULATED}`.trimEnd(),
  );
  return `struct ${struct} at ${hexText(addr)}, ${size} bytes: ${kept} of ${fields.length} fields simulated\n\n${lines.join('\n')}\n`;
}
