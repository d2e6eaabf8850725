/**
 * What libbpf.c asks of the project's libbpf: objects by a handle, their programs and maps by index.
 *
 * `what` is a number of the enums at the head of libbpf.c, in the same order.
 */
import { fail } from '../../../shared/errno.ts';
import { latin1Encode } from '../../../shared/utf8.ts';
import { loadObject } from '../../libbpf/load.ts';
import type { LoadedObject } from '../../libbpf/load.ts';
import type { BpfMapSpec, BpfObject, BpfProgramSpec, MapDef } from '../../libbpf/object.ts';
import { openObject } from '../../libbpf/open.ts';
import type { NativeCall, NativeTable } from '../native.ts';
import type { Process } from '../process.ts';

/** One opened object of a process. */
interface Opened {
  readonly object: BpfObject;
  readonly programs: readonly BpfProgramSpec[];
  loaded: LoadedObject | null;
}

/** What libbpf keeps for one process: objects by handle, and what it has not yet said. */
class State {
  readonly objects = new Map<number, Opened>();
  readonly messages: string[] = [];
  next = 1;
}
const states = new WeakMap<Process, State>();

/** A forked child begins with what its parent has opened. */
function stateOf(process: Process): State {
  let state = states.get(process);
  if (!state) {
    state = new State();
    const before = process.parent && states.get(process.parent);
    if (before) {
      for (const [handle, opened] of before.objects) state.objects.set(handle, { ...opened });
      state.next = before.next;
    }
    states.set(process, state);
  }
  return state;
}

const opened = (call: NativeCall): Opened | null => stateOf(call.process).objects.get(call.int(1)) ?? null;

function open(call: NativeCall, bytes: Uint8Array, path: string, name: bigint): number {
  const state = stateOf(call.process);
  const given = name === 0n ? {} : { name: call.text(name) };
  const result = openObject(bytes, { path, ...given });
  state.messages.push(...result.messages);
  if (!result.ok) return result.errno;
  const handle = state.next++;
  const programs = result.object.programs.filter((program) => !program.subprog);
  state.objects.set(handle, { object: result.object, programs, loaded: null });
  return handle;
}

function openFile(call: NativeCall): number {
  const path = call.text(call.arg(1));
  const bytes = call.userland.files.contents(path);
  if (!bytes) {
    stateOf(call.process).messages.push(`libbpf: elf: failed to open ${path}: No such file or directory`);
    return fail('ENOENT');
  }
  return open(call, bytes, path, call.arg(2));
}

type TextOf = (opened: Opened, index: number) => string | undefined;
/** OBJECT_NAME, PROGRAM_NAME, PROGRAM_SECTION, MAP_NAME, MAP_PIN */
const TEXTS: readonly TextOf[] = [
  ({ object }) => object.name,
  ({ programs }, i) => programs[i]?.name,
  ({ programs }, i) => programs[i]?.section,
  ({ object }, i) => object.maps[i]?.name,
  ({ object }, i) => object.maps[i]?.pinPath ?? '',
];

const program =
  (of: (spec: BpfProgramSpec) => number): ValueOf =>
  ({ programs }, i) => {
    const spec = programs[i];
    return spec ? of(spec) : -1;
  };
const map =
  (of: (spec: BpfMapSpec) => number): ValueOf =>
  ({ object }, i) => {
    const spec = object.maps[i];
    return spec ? of(spec) : -1;
  };

type ValueOf = (opened: Opened, index: number) => number;
/** In the order of the second enum of libbpf.c. */
const VALUES: readonly ValueOf[] = [
  ({ programs }) => programs.length,
  ({ object }) => object.maps.length,
  ({ loaded }) => loaded?.btfFd ?? -1,
  program((spec) => spec.def?.progType ?? 0),
  program((spec) => spec.def?.attachType ?? 0),
  program((spec) => (spec.autoload ? 1 : 0)),
  program((spec) => spec.insns.length),
  ({ programs, loaded }, i) => loaded?.programs.find((each) => each.program.spec === programs[i])?.ret ?? -1,
  map(({ def }) => def.type),
  map(({ def }) => def.keySize),
  map(({ def }) => def.valueSize),
  map(({ def }) => def.maxEntries),
  map(({ def }) => def.flags),
  map((spec) => (spec.autocreate ? 1 : 0)),
  map((spec) => (spec.origin === 'maps' ? 0 : 1)),
  map((spec) => spec.initial?.length ?? 0),
  ({ loaded }, i) => loaded?.mapFds[i] ?? -1,
];
const PROGRAM_AUTOLOAD = 5;
/** Settings of a map by their number. */
const MAP_SETTINGS: Readonly<Record<number, (def: MapDef, value: number) => void>> = {
  8: (def, value) => (def.type = value),
  9: (def, value) => (def.keySize = value),
  10: (def, value) => (def.valueSize = value),
  11: (def, value) => (def.maxEntries = value),
  12: (def, value) => (def.flags = value),
};
const MAP_AUTOCREATE = 13;

function set(call: NativeCall): number {
  const of = opened(call);
  if (!of || of.loaded) return fail('EBUSY');
  const [what, index, value] = [call.int(2), call.int(3), Number(BigInt.asUintN(32, call.arg(4)))];
  const spec = of.object.maps[index];
  if (what === PROGRAM_AUTOLOAD) {
    const found = of.programs[index];
    if (found) found.autoload = value !== 0;
  } else if (what === MAP_AUTOCREATE && spec) spec.autocreate = value !== 0;
  else if (spec) MAP_SETTINGS[what]?.(spec.def, value);
  return 0;
}

function load(call: NativeCall): number {
  const of = opened(call);
  if (!of) return fail('EINVAL');
  const state = stateOf(call.process);
  const { shell } = call.userland.host;
  const result = loadObject(of.object, {
    kernel: shell.kernelInfo,
    sys: shell.syscall,
    logLevel: call.int(2),
  });
  state.messages.push(...result.messages);
  if (!result.ok) return result.errno;
  of.loaded = result.loaded;
  return 0;
}

function close(call: NativeCall): number {
  const of = opened(call);
  stateOf(call.process).objects.delete(call.int(1));
  if (!of?.loaded) return 0;
  const { files } = call.userland;
  const { btfFd, mapFds, programs } = of.loaded;
  for (const { ret } of programs) if (ret >= 0) files.close(ret);
  for (const fd of mapFds) if (fd >= 0) files.close(fd);
  if (btfFd > 0) files.close(btfFd);
  return 0;
}

export const LIBBPF_CALLS: NativeTable = {
  __bpf_open_file: openFile,
  __bpf_open_mem: (call) => open(call, call.bytes(call.arg(1), call.size(2)), '<memory>', call.arg(3)),
  __bpf_text: (call) => {
    const of = opened(call);
    const text = of && TEXTS[call.int(2)]?.(of, call.int(3));
    if (typeof text !== 'string') return -1;
    // The fifth argument is the buffer's size: all five are in registers.
    return call.putText(call.arg(4), call.size(5), text);
  },
  __bpf_value: (call) => {
    const of = opened(call);
    return (of && VALUES[call.int(2)]?.(of, call.int(3))) ?? -1;
  },
  __bpf_set: set,
  __bpf_initial: (call) => {
    const initial = opened(call)?.object.maps[call.int(2)]?.initial;
    if (initial) call.put(call.arg(3), initial);
    return 0;
  },
  __bpf_set_initial: (call) => {
    const initial = opened(call)?.object.maps[call.int(2)]?.initial;
    initial?.set(call.bytes(call.arg(3), Math.min(call.size(4), initial.length)));
    return 0;
  },
  __bpf_load: load,
  __bpf_close: close,
  __bpf_message: (call) => {
    const line = stateOf(call.process).messages.shift();
    if (line === undefined) return -1;
    const text = line.replace(/^libbpf: /, '');
    const bytes = latin1Encode(`${text.slice(0, call.size(2) - 1)}\0`);
    call.put(call.arg(1), bytes);
    return bytes.length - 1;
  },
};
