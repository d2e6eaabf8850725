/** The command line. See cli/usage.ts for what it understands. */
import { whyNot } from './cli/files.ts';
import { main } from './cli/main.ts';
import { FAILED } from './cli/run.ts';
import { PROGRAM } from './name.ts';

// A reader that goes away (`| head`) is no error; a full disk is the user's.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`${PROGRAM}: cannot write to stdout: ${whyNot(error)}\n`);
  process.exit(FAILED);
});

process.exitCode = main(process.argv.slice(2), {
  write: (bytes) => void process.stdout.write(bytes),
  print: (text) => void process.stdout.write(text),
  writeError: (bytes) => void process.stderr.write(bytes),
  complain: (text) => void process.stderr.write(`${text}\n`),
});
