/** bpftool iter: an object file becomes a pinned iterator. */
import { strerror } from '../../libbpf/messages.ts';
import { attachIter } from '../../libbpf/attach.ts';
import type { Run } from '../run.ts';
import { loadFile, openFile, sayLibbpf } from './object.ts';
import { parseHandle, pinPath } from './handles.ts';
import { isPrefix } from './tool.ts';
import type { Handler, Tool } from './tool.ts';

/**
 * The first program of the object is attached; its link lives on in the pin.
 *
 * @kernel do_pin, tools/bpf/bpftool/iter.c
 * @fidelity partial: the fd of the map is not read-only
 */
function* pin(tool: Tool): Run<number> {
  yield* tool.need(2);
  const file = tool.take();
  const path = tool.take();
  let mapFd = -1;
  if (tool.left > 0 && isPrefix(tool.next, 'map')) {
    tool.take();
    if (tool.left < 2) return yield* tool.give('incorrect map spec');
    mapFd = yield* parseHandle(tool, 'map');
  }
  const object = yield* openFile(tool, file, `can't open objfile ${file}`);
  const loaded = yield* loadFile(tool, object, `can't load objfile ${file}`);
  const first = loaded.programs[0];
  if (!first) return yield* tool.give(`can't find bpf program in objfile ${file}`);
  const { name } = first.program.spec;
  const info = mapFd < 0 ? null : ({ kind: 'map', mapFd } as const);
  const attached = attachIter({ name, fd: first.ret }, info, tool.syscall);
  if (!attached.ok) {
    yield* sayLibbpf(tool, attached.messages);
    return yield* tool.give(`attach_iter failed for program ${name}`, attached.errno);
  }
  const absolute = yield* pinPath(tool, path);
  const err = tool.syscall.objPin(attached.linkFd, absolute);
  if (err < 0) {
    yield* sayLibbpf(tool, [
      `libbpf: link fd=${attached.linkFd}: failed to pin at ${path}: ${strerror(err)}`,
    ]);
    return yield* tool.give(`pin_iter failed for program ${name} to path ${path}`, err);
  }
  return 0;
}

export const ITER: Readonly<Record<string, Handler>> = { pin };
