/** The command line. See cli/usage.ts for what it understands. */
import { main } from './cli/main.ts';

// A reader that goes away (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = main(process.argv.slice(2), {
  write: (bytes) => void process.stdout.write(bytes),
  print: (text) => void process.stdout.write(text),
  writeError: (bytes) => void process.stderr.write(bytes),
  complain: (text) => void process.stderr.write(`${text}\n`),
});
