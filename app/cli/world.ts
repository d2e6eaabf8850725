/** `iterscope world`: what is in a world. */
import { PROGRAM } from '../name.ts';
import { bootKernel, readWorld } from '../../src/engine/machine/boot.ts';
import { summarize } from '../../src/engine/machine/summary.ts';
import { resources } from '../resources.ts';
import { bootOptions } from './machine_options.ts';
import { UsageError } from './options.ts';
import type { CliOptions } from './options.ts';
import { writeTo } from './files.ts';
import { structAt, structJson, structText } from './world_struct.ts';
import { DONE } from './run.ts';
import type { Terminal } from './terminal.ts';

export function worldCommand(options: CliOptions, terminal: Terminal): number {
  const name = options.operands[0] ?? options.world;
  if (name === null) {
    throw new UsageError(
      `world needs a name or a file; the shipped worlds are ${resources.worldNames.join(', ')}`,
    );
  }
  const boot = bootOptions(options, name);
  const world = readWorld(boot.world, resources, boot.btf);
  if (options.output !== null) {
    writeTo(options.output, `${JSON.stringify(world, null, 1)}\n`);
    return DONE;
  }
  const kernel = bootKernel(world, resources, boot);
  if (options.show !== null) {
    const struct = structAt(kernel, options.show, options.run.attach?.pid);
    terminal.print(options.json ? `${JSON.stringify(structJson(struct), null, 1)}\n` : structText(struct));
    return DONE;
  }
  const summary = summarize(name, world, kernel);
  if (options.json) {
    terminal.print(`${JSON.stringify(summary, null, 1)}\n`);
    return DONE;
  }
  const { tasks } = summary;
  const own = world.uname.release;
  if (own !== '' && !own.startsWith(summary.release))
    terminal.complain(
      `${PROGRAM}: the machine runs ${own}; it is walked as ${summary.release} would, the nearest release known`,
    );
  const processes = tasks.filter((task) => task.pid === task.tgid).length;
  terminal.print(
    `${name}: kernel ${summary.release}, ${processes} processes, ${tasks.length} threads, ${summary.files} open files, ${summary.vmas} VMAs; reader ${summary.reader}\n\n`,
  );
  terminal.print('     pid     tgid     ppid    files     vmas  comm\n');
  for (const task of tasks) {
    const columns = [task.pid, task.tgid, task.ppid, task.files, task.vmas].map((n) => String(n).padStart(8));
    terminal.print(`${columns.join(' ')}  ${task.kthread ? `[${task.comm}]` : task.comm}\n`);
  }
  return DONE;
}
