/** bpftool link: links with what their targets were given. */
import { strerror } from '../../libbpf/messages.ts';
import type { LinkInfo } from '../../sys/obj_info.ts';
import type { Run } from '../run.ts';
import { ids, parseHandle, pinnedPaths, pinObject } from './handles.ts';
import type { Json } from './json.ts';
import type { Handler, Tool } from './tool.ts';

/** What bpftool of this time calls the orders of a cgroup walk; it does not know the children. */
const ORDERS = ['order_unspec', 'self_only', 'descendants_pre', 'descendants_post', 'ancestors_up'];
const MAP_TARGETS: ReadonlySet<string> = new Set(['bpf_map_elem', 'bpf_sk_storage_map']);
const TASK_TARGETS: ReadonlySet<string> = new Set(['task', 'task_file', 'task_vma']);

/** Fields of the target: names, values, and how many blanks follow them in plain text. */
function parameters({
  target_name: target,
  map_id,
  tid,
  pid,
  cgroup_id,
  order,
}: LinkInfo): readonly (readonly [name: string, value: number | bigint | string, gap: string])[] {
  if (MAP_TARGETS.has(target)) return [['map_id', map_id, '  ']];
  if (TASK_TARGETS.has(target)) return tid ? [['tid', tid, ' ']] : pid ? [['pid', pid, ' ']] : [];
  if (target === 'cgroup')
    return [
      ['cgroup_id', cgroup_id, '  '],
      ['order', ORDERS[order] ?? 'unknown', '  '],
    ];
  return [];
}

const plain = (info: LinkInfo, pins: readonly string[]): string =>
  `${info.id}: iter  prog ${info.prog_id}  target_name ${info.target_name}  ` +
  parameters(info)
    .map(([name, value, gap]) => `${name} ${value}${gap}`)
    .join('') +
  pins.map((path) => `\n\tpinned ${path}`).join('') +
  '\n';

const json = (info: LinkInfo, pins: readonly string[] | null): Json => ({
  id: info.id,
  type: 'iter',
  prog_id: info.prog_id,
  target_name: info.target_name,
  ...Object.fromEntries(parameters(info).map(([name, value]) => [name, value])),
  ...(pins ? { pinned: pins } : {}),
});

/** @kernel do_show, tools/bpf/bpftool/link.c @fidelity partial: only links of iterators exist; processes that hold them are not shown */
function* show(tool: Tool): Run<number> {
  const pins = pinnedPaths(tool, 'link');
  const one = function* (fd: number): Run<Json> {
    const info = tool.syscall.linkInfo(fd);
    tool.syscall.close(fd);
    if (typeof info === 'number') return yield* tool.failed("can't get link info", info);
    if (!tool.options.json) yield* tool.print(plain(info, pins.get(info.id) ?? []));
    return json(info, pins.size > 0 ? (pins.get(info.id) ?? []) : null);
  };
  if (tool.left === 2) {
    const value = yield* one(yield* parseHandle(tool, 'link'));
    if (tool.options.json) tool.value(value);
    return 0;
  }
  if (tool.left > 0) return yield* tool.badWord();
  const all: Json[] = [];
  for (const id of ids(tool, 'link')) {
    const fd = tool.syscall.getFdById('link', id);
    if (fd < 0) return yield* tool.give(`can't get link by id (${id}): ${strerror(fd)}`);
    all.push(yield* one(fd));
  }
  if (tool.options.json) tool.value(all);
  return 0;
}

/** @kernel do_detach, tools/bpf/bpftool/link.c @fidelity full: app/shell.test.ts */
function* detach(tool: Tool): Run<number> {
  if (tool.left !== 2) {
    yield* tool.error('link specifier is invalid or missing');
    return -1;
  }
  const fd = yield* parseHandle(tool, 'link');
  const err = tool.syscall.linkDetach(fd);
  if (err < 0) return yield* tool.failed('failed link detach', err);
  if (tool.options.json) tool.value(null);
  return 0;
}

const pin: Handler = (tool) => pinObject(tool, 'link');

export const LINK: Readonly<Record<string, Handler>> = { show, list: show, pin, detach };
