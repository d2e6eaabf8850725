/**
 * bpftool: looks at and changes the BPF objects of the machine, with the words, texts and exit statuses of the
 * real one.
 *
 *     bpftool [OPTIONS] OBJECT COMMAND [ARGS]      any word may be shortened
 *
 * Source: tools/bpf/bpftool/main.c, of the same release as the kernel.
 */
import { getopt, OptionFault } from '../getopt.ts';
import type { Process } from '../process.ts';
import type { Run } from '../run.ts';
import { HELP, MAIN_HELP } from './usage.ts';
import { Finished, isPrefix, Tool } from './tool.ts';
import type { Handler } from './tool.ts';
import { OBJECTS } from './words.ts';

/** Versions of bpftool and libbpf in the tree of each kernel. */
const VERSIONS: Readonly<Record<string, readonly [bpftool: string, libbpf: string]>> = {
  '6.12': ['7.5.0', '1.5'],
  '7.0': ['7.7.0', '1.7'],
};

const OPTIONS = {
  letters: 'VhjpfdmnLB:',
  words: {
    json: 'j',
    help: 'h',
    pretty: 'p',
    version: 'V',
    bpffs: 'f',
    mapcompat: 'm',
    nomount: 'n',
    debug: 'd',
    'use-loader': 'L',
    'base-btf': 'B',
  },
};

/** Objects of the real tool that have nothing to show here. */
const ELSEWHERE: readonly string[] = ['cgroup', 'perf', 'net', 'feature', 'gen', 'struct_ops'];

function* version(tool: Tool): Run<number> {
  const [own, libbpf] = VERSIONS[tool.sys.release.name] ?? ['7.5.0', '1.5'];
  if (tool.options.json)
    tool.value({
      version: own,
      libbpf_version: libbpf,
      features: { libbfd: false, llvm: false, skeletons: false, bootstrap: false },
    });
  else yield* tool.print(`bpftool v${own}\nusing libbpf v${libbpf}\nfeatures:\n`);
  return 0;
}

const mainHelp: Handler = function* (tool) {
  if (tool.options.json) tool.value(null);
  else yield* tool.process.complain(MAIN_HELP);
  return 0;
};

/** Chooses the command of an object. */
const object = (name: string, commands: Readonly<Record<string, Handler>>): Handler =>
  function* (tool) {
    tool.help = HELP[name] ?? '';
    const help: Handler = function* (t) {
      if (t.options.json && name !== 'iter') t.value(null);
      else yield* t.process.complain(t.help);
      return 0;
    };
    const first = Object.values(commands)[0] ?? help;
    if (tool.left === 0) return yield* (name === 'iter' ? help : first)(tool);
    const all: Readonly<Record<string, Handler>> = { ...commands, help };
    const found = Object.keys(all).find((each) => isPrefix(tool.next, each));
    if (found === undefined) {
      yield* help(tool);
      return -1;
    }
    tool.take();
    return yield* (all[found] ?? help)(tool);
  };

/** Every line of a file is a call. */
const batch: Handler = function* (tool) {
  if (tool.left < 2) return yield* tool.give('too few parameters for batch');
  if (!isPrefix(tool.next, 'file')) return yield* tool.give(`expected 'file', got: ${tool.next}`);
  if (tool.left > 2) return yield* tool.give('too many parameters for batch');
  tool.take();
  const path = tool.take();
  const text = yield* tool.process.slurp(path);
  if (typeof text === 'number') return yield* tool.failed(`Can't open file (${path})`, text);
  let lines = 0;
  for (const line of text.split('\n')) {
    const words = (line.split('#')[0] ?? '').split(/\s+/).filter((word) => word !== '');
    if (words.length === 0) continue;
    const one = new Tool(tool.process, tool.options, words, MAIN_HELP);
    const status = yield* dispatch(one);
    if (tool.options.json) yield* one.flush();
    if (status !== 0) return status;
    lines++;
  }
  yield* tool.info(`processed ${lines} commands`);
  return 0;
};

const COMMANDS: Readonly<Record<string, Handler>> = {
  help: mainHelp,
  batch,
  ...Object.fromEntries(Object.entries(OBJECTS).map(([name, commands]) => [name, object(name, commands)])),
  version,
};

function* dispatch(tool: Tool): Run<number> {
  if (tool.left === 0) return yield* mainHelp(tool);
  const known = [...Object.keys(COMMANDS), ...ELSEWHERE];
  const found = known.find((each) => isPrefix(tool.next, each));
  const command = COMMANDS[found ?? ''];
  if (found !== undefined && !command)
    return yield* tool.give(`bpftool ${found} is not simulated here; prog, map, link, btf and iter are`);
  if (!command) {
    yield* mainHelp(tool);
    return -1;
  }
  tool.take();
  return yield* command(tool);
}

/** main(). @returns the exit status, a byte */
export function* bpftool(process: Process): Run<number> {
  let words: readonly string[];
  let options = { json: false, pretty: false, pins: false, debug: false };
  let first: Handler | null = null;
  try {
    const parsed = getopt(process.argv.slice(1), OPTIONS);
    const pretty = parsed.has('p');
    options = { json: parsed.has('j') || pretty, pretty, pins: parsed.has('f'), debug: parsed.has('d') };
    words = parsed.operands;
    if (parsed.has('V')) first = version;
    else if (parsed.has('h')) first = mainHelp;
  } catch (error) {
    if (!(error instanceof OptionFault)) throw error;
    const word = /'(-*)([^']*)'$/.exec(error.message);
    yield* process.complain(
      `Error: unrecognized option '${word?.[1] === '' ? `-${word[2]}` : `${word?.[1]}${word?.[2]}`}'`,
    );
    yield* process.complain(MAIN_HELP);
    return 0xff;
  }
  const tool = new Tool(process, options, words, MAIN_HELP);
  let status: number;
  try {
    status = yield* (first ?? dispatch)(tool);
  } catch (error) {
    if (!(error instanceof Finished)) throw error;
    status = error.status;
  }
  yield* tool.flush();
  return status & 0xff;
}
