/** bpftool prog: programs, their instructions, and loading them. Source: tools/bpf/bpftool/prog.c. */
import { must } from '../../../shared/assert.ts';
import { fail } from '../../../shared/errno.ts';
import { encodeInsns } from '../../abi/insn.ts';
import { PROG_TYPE_NAMES } from '../../abi/uapi.ts';
import type { Prog } from '../../bpf/prog.ts';
import { strerror } from '../../libbpf/messages.ts';
import { attachIter } from '../../libbpf/attach.ts';
import { progMemlock } from '../../sys/fdinfo.ts';
import type { ProgInfoData } from '../../sys/obj_info.ts';
import { isoTime, wallTimeOf } from '../clock.ts';
import { O_CREAT, O_TRUNC, O_WRONLY } from '../fs/node.ts';
import type { Run } from '../run.ts';
import { ids, parseHandle, parseHandles, pinnedPaths, pinObject, pinPath } from './handles.ts';
import type { Json } from './json.ts';
import { loadFile, openFile } from './object.ts';
import type { Handler, Tool } from './tool.ts';
import { xlatedJson, xlatedText } from './xlated.ts';

const progOf = (tool: Tool, fd: number): Prog => {
  const prog = tool.sys.fds.get('prog', fd);
  return must(typeof prog === 'number' ? null : prog, `program behind fd ${fd}`);
};
function infoOf(tool: Tool, fd: number): ProgInfoData {
  const info = tool.syscall.objInfo(fd);
  return must(typeof info !== 'number' && info.kind === 'prog' ? info : null, 'info of a program');
}
const typeName = (type: number): string => PROG_TYPE_NAMES[type]?.toLowerCase() ?? '';

function plainProg(tool: Tool, fd: number, pins: readonly string[]): string {
  const info = infoOf(tool, fd);
  const prog = progOf(tool, fd);
  const name = typeName(info.type);
  return (
    `${info.id}: ${name === '' ? `type ${info.type}` : name}  ${info.name === '' ? '' : `name ${info.name}  `}` +
    `tag ${info.tag}${info.gpl_compatible ? '  gpl' : ''}\n` +
    `\tloaded_at ${isoTime(wallTimeOf(info.load_time))}  uid ${info.created_by_uid}\n` +
    `\txlated ${info.xlated_prog_len}B  jited ${info.jited_prog_len}B  memlock ${progMemlock(prog)}B` +
    (info.map_ids.length > 0 ? `  map_ids ${info.map_ids.join(',')}` : '') +
    pins.map((path) => `\n\tpinned ${path}`).join('') +
    (info.btf_id === 0 ? '' : `\n\tbtf_id ${info.btf_id}`) +
    '\n'
  );
}

function jsonProg(tool: Tool, fd: number, pins: readonly string[] | null): Json {
  const info = infoOf(tool, fd);
  const prog = progOf(tool, fd);
  return {
    id: info.id,
    type: typeName(info.type) || info.type,
    ...(info.name === '' ? {} : { name: info.name }),
    tag: info.tag,
    gpl_compatible: info.gpl_compatible,
    loaded_at: wallTimeOf(info.load_time),
    uid: info.created_by_uid,
    bytes_xlated: info.xlated_prog_len,
    jited: true,
    bytes_jited: info.jited_prog_len,
    bytes_memlock: progMemlock(prog),
    ...(info.map_ids.length > 0 ? { map_ids: info.map_ids } : {}),
    ...(info.btf_id === 0 ? {} : { btf_id: info.btf_id }),
    ...(pins ? { pinned: pins } : {}),
  };
}

/** @kernel do_show, tools/bpf/bpftool/prog.c @fidelity partial: processes that hold programs are not shown; nothing is jited, so its length is that of the instructions */
function* show(tool: Tool): Run<number> {
  const pins = pinnedPaths(tool, 'prog');
  const one = function* (fd: number): Run<Json> {
    const { id } = infoOf(tool, fd);
    if (!tool.options.json) yield* tool.print(plainProg(tool, fd, pins.get(id) ?? []));
    const value = jsonProg(tool, fd, pins.size > 0 ? (pins.get(id) ?? []) : null);
    tool.syscall.close(fd);
    return value;
  };
  if (tool.left === 2) {
    const values: Json[] = [];
    for (const fd of yield* parseHandles(tool, 'prog')) values.push(yield* one(fd));
    if (tool.options.json) tool.value(values.length === 1 ? (values[0] ?? null) : values);
    return 0;
  }
  if (tool.left > 0) return yield* tool.badWord();
  const all: Json[] = [];
  for (const id of ids(tool, 'prog')) {
    const fd = tool.syscall.getFdById('prog', id);
    if (fd < 0) return yield* tool.give(`can't get prog by id (${id}): ${strerror(fd)}`);
    all.push(yield* one(fd));
  }
  if (tool.options.json) tool.value(all);
  return 0;
}

/** @kernel do_dump, tools/bpf/bpftool/prog.c @fidelity partial: no graph (visual), nothing jited */
function* dump(tool: Tool): Run<number> {
  if (tool.accept('jited')) return yield* tool.give('No JIT disassembly support');
  if (tool.left === 0 || !tool.accept('xlated'))
    return yield* tool.give(`expected 'xlated' or 'jited', got: ${tool.next ?? '(null)'}`);
  if (tool.left < 2) return yield* tool.usage();
  const fds = yield* parseHandles(tool, 'prog');
  const options = { opcodes: false, lines: false };
  let path: string | null = null;
  while (tool.left > 0) {
    if (tool.accept('file')) {
      if (tool.left === 0) return yield* tool.give('expected file path');
      if (fds.length > 1) return yield* tool.give('several programs matched, cannot dump to a file');
      path = tool.take();
    } else if (tool.accept('opcodes')) options.opcodes = true;
    else if (tool.accept('linum')) options.lines = true;
    else if (tool.accept('visual'))
      return yield* tool.give('the graph of a program (visual) is not simulated here');
    else return yield* tool.usage();
  }
  for (const [i, fd] of fds.entries()) {
    const prog = progOf(tool, fd);
    if (path !== null) yield* writeFile(tool, path, encodeInsns(prog.spec.insns));
    else if (tool.options.json) tool.value(xlatedJson(tool.sys.kernel, prog, options));
    else {
      if (fds.length > 1) yield* tool.print(plainProg(tool, fd, []).split('\n')[0]?.concat('\n') ?? '');
      yield* tool.print(xlatedText(tool.sys.kernel, prog, options));
      if (i < fds.length - 1) yield* tool.print('\n');
    }
    tool.syscall.close(fd);
  }
  return 0;
}

function* writeFile(tool: Tool, path: string, bytes: Uint8Array): Run<void> {
  const fd = tool.process.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600);
  const done = fd < 0 ? fd : yield* tool.process.writeAll(fd, bytes);
  if (fd >= 0) tool.process.close(fd);
  if (done < 0) yield* tool.give(`can't open file ${path}: ${strerror(done)}`);
}

/**
 * load pins the first program, loadall each under its name.
 *
 * @kernel load_with_options, tools/bpf/bpftool/prog.c
 * @fidelity partial: the type comes from the section alone; maps are not exchanged
 */
const load = (all: boolean): Handler =>
  function* (tool): Run<number> {
    yield* tool.need(2);
    const file = tool.take();
    const path = tool.take();
    let maps: string | null = null;
    let autoattach = false;
    while (tool.left > 0) {
      if (tool.accept('pinmaps')) {
        yield* tool.need(1);
        maps = tool.take();
      } else if (tool.accept('autoattach')) autoattach = true;
      else if (tool.accept('type')) {
        yield* tool.need(1);
        tool.take();
      } else if (tool.accept('map'))
        return yield* tool.give('exchanging maps (map idx, map name) is not simulated here');
      else
        return yield* tool.give(
          `expected no more arguments, 'type', 'map', 'dev', 'offload_dev', 'xdpmeta_dev', 'pinmaps', 'autoattach' or 'kernel_btf', got: '${tool.next}'?`,
        );
    }
    const object = yield* openFile(tool, file, 'failed to open object file');
    const loaded = yield* loadFile(tool, object, 'failed to load object file');
    const programs = all ? loaded.programs : loaded.programs.slice(0, 1);
    if (programs.length === 0) return yield* tool.give("object file doesn't contain any bpf program");
    if (all) {
      const err = tool.process.mkdir(path, 0o700);
      if (err < 0 && err !== fail('EEXIST')) return yield* tool.give('failed to pin all programs');
    }
    for (const { program, ret } of programs) {
      const { name, section } = program.spec;
      const to = yield* pinPath(tool, all ? `${path}/${name}` : path);
      let fd = ret;
      if (autoattach) {
        const attached = attachIter({ name, fd: ret }, null, tool.syscall);
        if (attached.ok) fd = attached.linkFd;
        else yield* tool.info(`Program ${name} does not support autoattach, falling back to pinning`);
      }
      const err = tool.syscall.objPin(fd, to);
      if (err < 0)
        return yield* tool.give(all ? 'failed to pin all programs' : `failed to pin program ${section}`);
    }
    if (maps !== null) yield* pinMaps(tool, maps, loaded);
    if (tool.options.json) tool.value(null);
    return 0;
  };

function* pinMaps(
  tool: Tool,
  dir: string,
  loaded: {
    readonly object: { readonly maps: readonly { readonly name: string }[] };
    readonly mapFds: readonly number[];
  },
): Run<void> {
  const made = tool.process.mkdir(dir, 0o700);
  if (made < 0 && made !== fail('EEXIST')) yield* tool.give('failed to pin all maps');
  for (const [i, { name }] of loaded.object.maps.entries()) {
    const fd = loaded.mapFds[i] ?? -1;
    // A dot is no part of a name in bpffs.
    if (fd < 0) continue;
    const err = tool.syscall.objPin(fd, yield* pinPath(tool, `${dir}/${name.replaceAll('.', '_')}`));
    if (err < 0) yield* tool.give('failed to pin all maps');
  }
}

/** It asks for one repetition, which the types that run without packets do not take. */
function* run(tool: Tool): Run<number> {
  if (tool.left < 4) return (yield* tool.need(4), yield* tool.usage());
  const fd = yield* parseHandle(tool, 'prog');
  if (!tool.accept('data_in') && !tool.accept('ctx_in'))
    return yield* tool.give(
      `expected no more arguments, 'data_in', 'data_out', 'data_size_out', 'ctx_in', 'ctx_out', 'ctx_size_out' or 'repeat', got: '${tool.next}'?`,
    );
  const path = tool.take();
  const bytes = yield* tool.process.slurpBytes(path);
  if (typeof bytes === 'number') return yield* tool.failed(`failed to open ${path}`, bytes);
  const { ret, retval } = tool.syscall.progTestRun(fd, { more: true });
  if (ret !== 0) return yield* tool.failed('failed to run program', ret);
  if (tool.options.json) tool.value({ retval, duration: 0 });
  else yield* tool.print(`Return value: ${retval}, duration: 0ns\n`);
  return 0;
}

/** What bpf_printk wrote, until Ctrl-C. */
function* tracelog(tool: Tool): Run<number> {
  const fd = tool.process.open('/sys/kernel/tracing/trace_pipe');
  if (fd < 0) return yield* tool.failed('could not open trace pipe', fd);
  for (;;) {
    const { ret, bytes } = yield* tool.process.read(fd, 4096);
    if (ret <= 0) return yield* tool.failed('failed to read content from trace pipe', ret);
    yield* tool.process.writeAll(1, bytes);
  }
}

const pin: Handler = (tool) => pinObject(tool, 'prog');
const unsupported: Handler = (tool) =>
  tool.give('only iterator programs are simulated here: they are attached with iter pin');

export const PROG: Readonly<Record<string, Handler>> = {
  show,
  list: show,
  dump,
  pin,
  load: load(false),
  loadall: load(true),
  run,
  tracelog,
  attach: unsupported,
  detach: unsupported,
  profile: unsupported,
};
