/** bpftool btf: BTF objects, as they are or as C. Source: tools/bpf/bpftool/btf.c. */
import { fail } from '../../../shared/errno.ts';
import type { TypeId } from '../../../shared/brand.ts';
import { dumpTypes } from '../../btf/dump.ts';
import { Btf, BtfFormatError } from '../../btf/parse.ts';
import { ElfFormatError, readElf } from '../../elf/read.ts';
import { strerror } from '../../libbpf/messages.ts';
import type { Run } from '../run.ts';
import { rawJson, rawText } from './btf_raw.ts';
import { ids, parseHandle } from './handles.ts';
import type { Json } from './json.ts';
import { isPrefix } from './tool.ts';
import type { Handler, Tool } from './tool.ts';

/** @kernel do_show, tools/bpf/bpftool/btf.c @fidelity partial: processes that hold BTF are not shown */
function* show(tool: Tool): Run<number> {
  let wanted: readonly number[] | null = null;
  if (tool.left === 2) {
    if (!isPrefix(tool.next, 'id')) return yield* tool.give(`expected 'id', got: '${tool.next}'?`);
    tool.take();
    const id = yield* tool.number('ID');
    const fd = tool.syscall.getFdById('btf', id);
    if (fd < 0) return yield* tool.failed(`can't get BTF object by id (${id})`, fd);
    tool.syscall.close(fd);
    wanted = [id];
  } else if (tool.left > 0) return yield* tool.badWord();
  const users = new Map<number, { progs: number[]; maps: number[] }>();
  const usersOf = (id: number): { progs: number[]; maps: number[] } => {
    const known = users.get(id) ?? { progs: [], maps: [] };
    users.set(id, known);
    return known;
  };
  for (const kind of ['prog', 'map'] as const)
    for (const id of ids(tool, kind)) {
      const fd = tool.syscall.getFdById(kind, id);
      const info = tool.syscall.objInfo(fd);
      if (typeof info !== 'number' && 'btf_id' in info && info.btf_id > 0)
        usersOf(info.btf_id)[kind === 'prog' ? 'progs' : 'maps'].push(id);
      tool.syscall.close(fd);
    }
  const all: Json[] = [];
  for (const id of wanted ?? ids(tool, 'btf')) {
    const fd = tool.syscall.getFdById('btf', id);
    const info = tool.syscall.objInfo(fd);
    tool.syscall.close(fd);
    if (typeof info === 'number' || info.kind !== 'btf') continue;
    const { progs, maps } = usersOf(id);
    const name = info.name === '' ? '<anon>' : info.kernel_btf ? `[${info.name}]` : info.name;
    if (!tool.options.json)
      yield* tool.print(
        `${id}: name ${name}  size ${info.btf_size}B` +
          (progs.length > 0 ? `  prog_ids ${progs.join(',')}` : '') +
          (maps.length > 0 ? `  map_ids ${maps.join(',')}` : '') +
          '\n',
      );
    all.push({
      id,
      size: info.btf_size,
      prog_ids: progs,
      map_ids: maps,
      kernel: info.kernel_btf,
      ...(info.name === '' ? {} : { name: info.name }),
    });
  }
  if (tool.options.json) tool.value(wanted ? (all[0] ?? null) : all);
  return 0;
}

interface Source {
  readonly btf: Btf;
  /** Empty: all types. */
  readonly roots: readonly TypeId[];
}

function* byId(tool: Tool, id: number, roots: readonly TypeId[] = []): Run<Source> {
  const fd = tool.syscall.getFdById('btf', id);
  const btf = fd < 0 ? fd : tool.sys.fds.get('btf', fd);
  if (typeof btf === 'number') return yield* tool.give(`get btf by id (${id}): ${strerror(btf)}`, btf);
  return { btf: btf.types, roots };
}

const MAP_PARTS: Readonly<Record<string, readonly ('key' | 'value')[]>> = {
  key: ['key'],
  value: ['value'],
  kv: ['key', 'value'],
  all: [],
};

function* source(tool: Tool): Run<Source> {
  const word = tool.take();
  if (isPrefix(word, 'map')) {
    yield* tool.need(2);
    const fd = yield* parseHandle(tool, 'map');
    const info = tool.syscall.objInfo(fd);
    if (typeof info === 'number' || info.kind !== 'map')
      return yield* tool.failed("can't get map info", fail('EINVAL'));
    const part = Object.keys(MAP_PARTS).find((each) => tool.left > 0 && isPrefix(tool.next, each));
    if (part !== undefined) tool.take();
    const ids = { key: info.btf_key_type_id, value: info.btf_value_type_id };
    return yield* byId(
      tool,
      info.btf_id,
      (MAP_PARTS[part ?? 'kv'] ?? []).map((each) => ids[each]).filter((id) => id > 0),
    );
  }
  if (isPrefix(word, 'prog')) {
    yield* tool.need(2);
    const info = tool.syscall.objInfo(yield* parseHandle(tool, 'prog'));
    return yield* byId(tool, typeof info !== 'number' && info.kind === 'prog' ? info.btf_id : 0);
  }
  if (isPrefix(word, 'id')) return yield* byId(tool, yield* tool.number('ID'));
  if (isPrefix(word, 'file')) return { btf: yield* fromFile(tool, tool.take()), roots: [] };
  return yield* tool.give(`unrecognized BTF source specifier: '${word}'`);
}

/** Raw BTF, or an object's .BTF section. */
function* fromFile(tool: Tool, path: string): Run<Btf> {
  const bytes = yield* tool.process.slurpBytes(path);
  const wrong = (errno: number): Run<never> =>
    tool.give(`failed to load BTF from ${path}: ${strerror(errno)}`, errno);
  if (typeof bytes === 'number') return yield* wrong(bytes);
  try {
    const raw = bytes[0] === 0x9f && bytes[1] === 0xeb;
    const section = raw ? bytes : readElf(bytes).sections.find(({ name }) => name === '.BTF')?.data;
    if (section) return Btf.parse(section.slice());
  } catch (error) {
    if (!(error instanceof BtfFormatError) && !(error instanceof ElfFormatError)) throw error;
  }
  return yield* wrong(fail('EINVAL'));
}

const PREFACE = `#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

`;
const EPILOGUE = `
#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
`;

/** @kernel do_dump, tools/bpf/bpftool/btf.c @fidelity partial: C is in the order of ids, without declarations of kfuncs */
function* dump(tool: Tool): Run<number> {
  yield* tool.need(2);
  const from = yield* source(tool);
  let asC = false;
  while (tool.left > 0) {
    if (!tool.accept('format'))
      return yield* tool.give(`unrecognized option: '${tool.next}'`, fail('EINVAL'));
    if (tool.left === 0) return yield* tool.give("expecting value for 'format' option\n", fail('EINVAL'));
    const format = tool.take();
    if (format !== 'c' && format !== 'raw')
      return yield* tool.give(
        `unrecognized format specifier: '${format}', possible values: raw, c`,
        fail('EINVAL'),
      );
    asC = format === 'c';
  }
  const { btf, roots } = from;
  const wanted =
    roots.length > 0 ? roots : Array.from({ length: btf.end - btf.start }, (_, i) => btf.start + i);
  if (asC) {
    if (tool.options.json)
      return yield* tool.give('JSON output for C-syntax dump is not supported', fail('EOPNOTSUPP'));
    yield* tool.print(PREFACE + dumpTypes(btf, wanted) + EPILOGUE);
  } else if (tool.options.json) tool.value(rawJson(btf, wanted));
  else yield* tool.print(rawText(btf, wanted));
  return 0;
}

export const BTF: Readonly<Record<string, Handler>> = { show, list: show, dump };
