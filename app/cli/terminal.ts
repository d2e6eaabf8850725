/** Where a command's words go: results to stdout, everything about them to stderr. */
export interface Terminal {
  /** Bytes of the result. */
  write(bytes: Uint8Array): void;
  /** Text of the result. */
  print(text: string): void;
  /** Bytes that a program wrote to its stderr. */
  writeError(bytes: Uint8Array): void;
  /** A message, without its newline. */
  complain(text: string): void;
}
