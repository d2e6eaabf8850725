/**
 * `iterscope shell`: a shell inside the simulated machine.
 *
 * Its working directory shows the real one, read-only: what is written stays in the machine and goes with it.
 * Lines come from -c, from a pipe, or from the terminal with completion and history.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { openShell } from '../../src/engine/machine/shell.ts';
import type { OutsideFiles } from '../../src/engine/shell/host.ts';
import type { Output, ShellSession } from '../../src/engine/shell/session.ts';
import { utf8Decode } from '../../src/shared/utf8.ts';
import { boot } from './machine_options.ts';
import { UsageError } from './options.ts';
import type { CliOptions } from './options.ts';
import { DONE } from './run.ts';
import type { Terminal } from './terminal.ts';

/** A file of the user's folder that is larger is not shown: no object or program is. */
const LARGEST_FILE = 256 << 20;

/** A folder as the shell sees it. What cannot be read is not there. */
function folder(root: string): OutsideFiles {
  return {
    read: (path) => {
      try {
        return new Uint8Array(readFileSync(join(root, path)));
      } catch {
        return null;
      }
    },
    size: (path) => {
      try {
        const facts = statSync(join(root, path));
        return facts.isFile() && facts.size <= LARGEST_FILE ? facts.size : null;
      } catch {
        return null;
      }
    },
    list: (path) => {
      try {
        return readdirSync(join(root, path), { withFileTypes: true })
          .filter((entry) => entry.isFile() || entry.isDirectory())
          .map((entry) => entry.name + (entry.isDirectory() ? '/' : ''));
      } catch {
        return null;
      }
    },
  };
}

const show =
  (terminal: Terminal) =>
  ({ channel, bytes }: Output): void =>
    channel === 'stdout' ? terminal.write(bytes) : terminal.writeError(bytes);

/** Lines up to the end or to `exit`. @returns the last status */
function runLines(session: ShellSession, lines: readonly string[]): number {
  for (const line of lines) if (session.run(line).exited) break;
  return session.status;
}

/** The prompt, until Ctrl-D or exit; the process ends with the last status. */
function interact(session: ShellSession): void {
  const reader = createInterface({
    input: process.stdin,
    output: process.stdout,
    historySize: 1000,
    completer: (line: string) => {
      const { start, candidates } = session.complete(line);
      return [
        candidates.map((each) => (candidates.length === 1 && !each.endsWith('/') ? `${each} ` : each)),
        line.slice(start),
      ];
    },
  });
  const ask = (): void => {
    reader.setPrompt(session.prompt);
    reader.prompt();
  };
  reader.on('line', (line) => {
    if (session.run(line).exited) reader.close();
    else ask();
  });
  reader.on('SIGINT', () => {
    process.stdout.write('^C\n');
    ask();
  });
  reader.on('close', () => {
    process.exitCode = session.status;
  });
  ask();
}

export function shellCommand(options: CliOptions, terminal: Terminal): number {
  if (options.operands.length > 0)
    throw new UsageError(`shell takes its lines with -c 'LINE; LINE', not '${options.operands[0]}'`);
  const interactive = options.lines === null && process.stdin.isTTY;
  const session = openShell(boot(options), folder(process.cwd()), {
    columns: interactive ? process.stdout.columns || 80 : null,
    onOutput: show(terminal),
  });
  if (!interactive) return runLines(session, options.lines === null ? stdinLines() : [options.lines]);
  interact(session);
  return DONE;
}

const stdinLines = (): string[] => utf8Decode(new Uint8Array(readFileSync(0))).split('\n');
