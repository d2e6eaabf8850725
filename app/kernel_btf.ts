/**
 * BTF of the kernel that ships: the C headers of kernel_types/, compiled by the project's own front end.
 *
 * A program's BTF holds what the program uses; a kernel's holds everything it declares. So every struct,
 * union, enum, typedef and function of the headers is emitted, in the order it stands there. Of variables,
 * as in Linux, only those that every processor has: their places in its area follow from their order.
 */
import { BtfBuilder } from '../src/engine/btf/build.ts';
import { Btf } from '../src/engine/btf/parse.ts';
import { BtfEmitter, FuncLinkage } from '../src/engine/cc/btf_emit.ts';
import { alignOf, sizeOf } from '../src/engine/cc/ctype.ts';
import type { VarSymbol } from '../src/engine/cc/ast.ts';
import { frontend } from '../src/engine/cc/parse.ts';

/** The header that includes all others. */
const ROOT = 'functions.h';
const PERCPU = '.data..percpu';
/** BTF_VAR_GLOBAL_ALLOCATED */
const GLOBAL = 1;
const CACHE_LINE = 64;

const upTo = (at: number, align: number): number => Math.ceil(at / align) * align;

/** The variables of the per-cpu section, one behind the other. */
function percpuSection(emitter: BtfEmitter, variables: readonly VarSymbol[]): void {
  let end = 0;
  const vars = variables.map((symbol) => {
    const size = sizeOf(symbol.type) ?? 0;
    const offset = upTo(end, size < CACHE_LINE ? alignOf(symbol.type) : CACHE_LINE);
    end = offset + size;
    return { type: emitter.variable(symbol, symbol.name, GLOBAL, false), offset, size };
  });
  emitter.section(PERCPU, upTo(end, CACHE_LINE), vars);
}

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
  const percpu: VarSymbol[] = [];
  for (const { type } of scope.tags.values()) emitter.root(type);
  for (const [name, binding] of scope.names) {
    if (binding.kind === 'typedef') emitter.root(binding.type);
    else if (binding.kind === 'enumerator') emitter.root(binding.of);
    else if (binding.symbol.kind === 'func' && !binding.symbol.builtin)
      emitter.func(binding.symbol, name, FuncLinkage.STATIC);
    else if (binding.symbol.kind === 'var' && binding.symbol.attributes.section === PERCPU)
      percpu.push(binding.symbol);
  }
  percpuSection(emitter, percpu);
  return emitter.encode();
}
