/** Runs the command line inside a test and keeps what it said. */
import { latin1Decode } from '../../src/shared/utf8.ts';
import { main } from './main.ts';

export interface Said {
  readonly status: number;
  /** One char for each byte. */
  readonly stdout: string;
  readonly stderr: string;
}

/** @param argv as after `iterscope` */
export function iterscope(...argv: readonly string[]): Said {
  let stdout = '';
  let stderr = '';
  const status = main(argv, {
    write: (bytes) => void (stdout += latin1Decode(bytes)),
    print: (text) => void (stdout += text),
    writeError: (bytes) => void (stderr += latin1Decode(bytes)),
    complain: (text) => void (stderr += `${text}\n`),
  });
  return { status, stdout, stderr };
}
