/** Why kernel code of the user's is not in the kernel. */
import type { Diagnostic } from '../../protocol/diagnostics.ts';

/** The module cannot be inserted; the message is what insmod or the kernel's log would say. */
export class ModuleError extends Error {
  override readonly name = 'ModuleError';
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(({ message }) => message).join('\n'));
    this.diagnostics = diagnostics;
  }
}
