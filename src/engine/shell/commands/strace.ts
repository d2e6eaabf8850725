/** strace -e trace=...: runs a program and shows its system calls on files. */
import type { SystemCall } from '../process.ts';
import type { Run } from '../run.ts';
import { withArguments } from './cat.ts';
import { gnu } from './program.ts';
import type { Main } from './program.ts';

/** Bytes of a buffer that are shown. */
const SHOWN = 32;

const ESCAPED: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
};
function quoted(text: string, most: number): string {
  const shown = text
    .slice(0, most)
    .replace(/[\n\t\r"\\]/g, (char) => ESCAPED[char] ?? char)
    .replace(/[^\x20-\x7e]/g, (char) => `\\${char.charCodeAt(0).toString(8)}`);
  return `"${shown}"${text.length > most ? '...' : ''}`;
}

function line(call: SystemCall, most: number): string {
  const args = call.args.map((arg) => (typeof arg === 'object' ? quoted(arg.bytes, most) : String(arg)));
  const result = call.ret < 0 ? `-1 ${call.errno} (${call.words})` : String(call.ret);
  return `${`${call.name}(${args.join(', ')})`.padEnd(39)} = ${result}`;
}

export const strace: Main = gnu(
  {
    letters: 'e:s:fo:',
    words: { trace: 'e', 'string-limit': 's' },
    trouble: 1,
    usage: '[-e trace=CALLS] [-s SIZE] PROG [ARGS]',
    stop: true,
  },
  function* (p, options): Run<number> {
    const [name, ...args] = options.operands;
    if (name === undefined) {
      yield* p.complain(`${p.name}: must have PROG [ARGS] or -p PID\nTry 'strace -h' for more information.`);
      return 1;
    }
    const path = p.world.programPath(name);
    const main = path === null ? null : p.world.program(path);
    if (path === null || !main) {
      yield* p.complain(`${p.name}: Can't stat '${name}': No such file or directory`);
      return 1;
    }
    const wanted =
      options
        .value('e')
        ?.replace(/^trace=/, '')
        .split(',') ?? null;
    const most = Number(options.value('s') ?? SHOWN);
    p.exec(path);
    const lines: string[] = [];
    const child = withArguments(p, [name, ...args]);
    child.onSystemCall = (call) => {
      if (wanted === null || wanted.includes(call.name)) lines.push(line(call, most));
    };
    const body = main(child);
    let status = 0;
    for (;;) {
      const step = body.next();
      while (lines.length > 0) yield* p.complain(lines.shift() ?? '');
      if (step.done) {
        status = step.value;
        break;
      }
      yield step.value;
    }
    yield* p.complain(`+++ exited with ${status & 0xff} +++`);
    return status;
  },
);
