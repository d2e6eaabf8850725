/**
 * BTF of the kernel that ships: the C headers of kernel_types/, compiled by the project's own front end.
 *
 * A program's BTF holds what the program uses; a kernel's holds everything it declares. So every struct,
 * union, enum, typedef and function of the headers is emitted, in the order it stands there.
 */
import { BtfBuilder } from '../src/engine/btf/build.ts';
import { Btf } from '../src/engine/btf/parse.ts';
import { BtfEmitter, FuncLinkage } from '../src/engine/cc/btf_emit.ts';
import { frontend } from '../src/engine/cc/parse.ts';

/** The header that includes all others. */
const ROOT = 'functions.h';

/**
 * @param header text of a header by its name, or null
 * @throws Error with the first message when the headers do not compile
 */
export function compileKernelTypes(header: (name: string) => string | null): Uint8Array {
  const { scope, diagnostics } = frontend({
    path: 'kernel.c',
    text: `#include "${ROOT}"\n`,
    files: (path) => header(path.replace(/^.*\//, '')),
    kernelBtf: Btf.parse(new BtfBuilder().encode()),
  });
  const error = diagnostics.find((diagnostic) => diagnostic.severity === 'error');
  if (error) throw new Error(`${error.file}:${error.line}: ${error.message}`);
  const emitter = new BtfEmitter();
  for (const { type } of scope.tags.values()) emitter.root(type);
  for (const [name, binding] of scope.names) {
    if (binding.kind === 'typedef') emitter.root(binding.type);
    else if (binding.kind === 'enumerator') emitter.root(binding.of);
    else if (binding.symbol.kind === 'func' && !binding.symbol.builtin)
      emitter.func(binding.symbol, name, FuncLinkage.STATIC);
  }
  return emitter.encode();
}
