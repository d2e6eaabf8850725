/** clang -target bpf -g -O2 -c: our compiler, with clang's options as far as BPF programs need them. */
import { strerror } from '../../libbpf/messages.ts';
import { O_CREAT, O_TRUNC, O_WRONLY } from '../fs/node.ts';
import { latin1Encode, utf8Decode } from '../../../shared/utf8.ts';
import type { Process } from '../process.ts';
import { drainRun } from '../run.ts';
import type { Run } from '../run.ts';
import type { Main } from './program.ts';

/** Options that change nothing here: debug information is always written, code is always optimised. */
const ACCEPTED =
  /^(-g|-O[0-3s]?|-c|-D__TARGET_ARCH_\w+|-mlittle-endian|-mcpu=v[1-4]|-fno-[a-z-]+|-std=\w+|-nostdinc|-v?)$/;
const WITH_VALUE: ReadonlySet<string> = new Set([
  '-o',
  '-I',
  '-D',
  '-target',
  '--target',
  '-idirafter',
  '-include',
  '-isystem',
  '-mcpu',
]);

interface Request {
  readonly input: string;
  readonly output: string;
  readonly defines: Readonly<Record<string, string>>;
  /** `-w` and `-W...` */
  readonly warnings: readonly string[];
  readonly folders: readonly string[];
}

/** @returns the request, or what clang says of the words */
function request(args: readonly string[]): Request | string {
  const inputs: string[] = [];
  const folders: string[] = [];
  const defines: Record<string, string> = {};
  const warnings: string[] = [];
  let output = '';
  let target = '';
  const take: Readonly<Record<string, (value: string) => void>> = {
    '-o': (value) => (output = value),
    '-I': (value) => folders.push(value),
    '-D': (value) => {
      const [name = '', text = '1'] = value.split(/=(.*)/s, 2);
      defines[name] = text;
    },
    '-target': (value) => (target = value),
    '--target': (value) => (target = value),
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const joined = /^(-[ID]|--?target=)(.+)$/s.exec(arg);
    if (WITH_VALUE.has(arg)) {
      if (i + 1 >= args.length) return `clang: error: argument to '${arg}' is missing (expected 1 value)`;
      take[arg]?.(args[++i] ?? '');
    } else if (joined) take[(joined[1] ?? '').replace(/^-?-?target=$/, '--target')]?.(joined[2] ?? '');
    else if (!arg.startsWith('-')) inputs.push(arg);
    else if (/^-w$|^-W(?![alp],)./.test(arg)) warnings.push(arg);
    else if (!ACCEPTED.test(arg)) return `clang: error: unknown argument: '${arg}'`;
  }
  const [input, ...more] = inputs;
  if (input === undefined) return 'clang: error: no input files';
  if (!/^bpf(el|eb)?$/.test(target)) return 'clang: error: only -target bpf is simulated here';
  if (!args.includes('-c')) return 'clang: error: linking is not simulated here; use -c';
  if (more.length > 0 && output !== '')
    return 'clang: error: cannot specify -o when generating multiple output files';
  const name = input.split('/').at(-1) ?? '';
  return { input, output: output === '' ? name.replace(/\.c$/, '.o') : output, defines, warnings, folders };
}

/** What #include names: beside the source, then in each -I folder. */
function includer(p: Process, { input, folders }: Request): (name: string) => string | null {
  const beside = input.includes('/') ? input.slice(0, input.lastIndexOf('/')) : '.';
  return (name) => {
    for (const folder of [beside, ...folders]) {
      const text = drainRun(p.slurpBytes(`${folder}/${name}`));
      if (typeof text !== 'number') return utf8Decode(text);
    }
    return null;
  };
}

export const clang: Main = function* (p): Run<number> {
  const wanted = request(p.argv.slice(1));
  if (typeof wanted === 'string') {
    yield* p.complain(wanted);
    return 1;
  }
  const source = yield* p.slurpBytes(wanted.input);
  if (typeof source === 'number') {
    yield* p.complain(
      `clang: error: ${strerror(source).toLowerCase()}: '${wanted.input}'\nclang: error: no input files`,
    );
    return 1;
  }
  const { object, messages } = p.world.host.compile({
    path: wanted.input,
    text: utf8Decode(source),
    defines: wanted.defines,
    warnings: wanted.warnings,
    include: includer(p, wanted),
  });
  if (messages !== '') yield* p.writeAll(2, latin1Encode(messages));
  if (!object) return 1;
  const fd = p.open(wanted.output, O_WRONLY | O_CREAT | O_TRUNC);
  const done = fd < 0 ? fd : yield* p.writeAll(fd, object);
  if (fd >= 0) p.close(fd);
  if (done >= 0) return 0;
  yield* p.complain(`error: unable to open output file '${wanted.output}': '${strerror(done)}'`);
  return 1;
};
