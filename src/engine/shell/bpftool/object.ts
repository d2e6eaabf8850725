/** Object files as bpftool opens and loads them: libbpf's words come first, then its own. */
import { latin1Encode } from '../../../shared/utf8.ts';
import { strerror } from '../../libbpf/messages.ts';
import { loadObject } from '../../libbpf/load.ts';
import type { LoadedObject } from '../../libbpf/load.ts';
import type { BpfObject } from '../../libbpf/object.ts';
import { openObject } from '../../libbpf/open.ts';
import type { Run } from '../run.ts';
import type { Tool } from './tool.ts';

/** libbpf prints on stderr. */
export function* sayLibbpf(tool: Tool, messages: readonly string[]): Run<void> {
  for (const message of messages)
    yield* tool.process.writeAll(2, latin1Encode(message.endsWith('\n') ? message : `${message}\n`));
}

export function* openFile(tool: Tool, path: string, complaint: string): Run<BpfObject> {
  const bytes = yield* tool.process.slurpBytes(path);
  if (typeof bytes === 'number') {
    yield* sayLibbpf(tool, [`libbpf: elf: failed to open ${path}: ${strerror(bytes)}`]);
    return yield* tool.give(complaint, bytes);
  }
  const opened = openObject(bytes, { path });
  yield* sayLibbpf(tool, opened.messages);
  return opened.ok ? opened.object : yield* tool.give(complaint, opened.errno);
}

export function* loadFile(tool: Tool, object: BpfObject, complaint: string): Run<LoadedObject> {
  const result = loadObject(object, {
    kernel: tool.process.world.host.kernelInfo,
    sys: tool.syscall,
    logLevel: tool.options.debug ? 1 : 0,
  });
  yield* sayLibbpf(tool, result.messages);
  if (!result.ok) return yield* tool.give(complaint, result.errno);
  if (tool.options.debug)
    for (const { program, log } of result.loaded.programs)
      if (log !== '')
        yield* sayLibbpf(tool, [
          `libbpf: prog '${program.spec.name}': -- BEGIN PROG LOAD LOG --\n${log}-- END PROG LOAD LOG --`,
        ]);
  return result.loaded;
}
