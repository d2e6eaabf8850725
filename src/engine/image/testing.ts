/** Compiles C of profile `kernel`, places it in the memory of an empty kernel and calls its functions. */
import type { Addr } from '../../shared/brand.ts';
import { compile } from '../cc/compile.ts';
import { EXTENDED_STACK } from '../cc/profile.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { CProcessor, KERNEL_SLOT } from '../vm/c_processor.ts';
import { Code } from '../vm/code.ts';
import type { Helper } from '../vm/helper.ts';
import { recordedBtf } from '../vm/testing.ts';
import type { Image } from './image.ts';
import { link } from './link.ts';

export interface Loaded {
  readonly image: Image;
  readonly processor: CProcessor;
  /** Calls a function; the result as the processor has it. */
  call(name: string, ...args: readonly bigint[]): bigint;
  address(name: string): Addr;
}

/** @throws Error with the messages when it does not compile or link */
export function loadC(kernel: Kernel, text: string, natives: Readonly<Record<string, Helper>> = {}): Loaded {
  const { object, diagnostics } = compile({
    path: 'test.c',
    text,
    kernelBtf: recordedBtf(),
    profile: 'kernel',
  });
  if (!object) throw new Error(diagnostics.map((d) => `${d.line}:${d.column} ${d.message}`).join('\n'));
  const linked = link({
    objects: [{ name: 'test.c', bytes: object }],
    isNative: (name) => Object.hasOwn(natives, name),
    place: (size) => kernel.mem.alloc(size, 4096),
  });
  if (!linked.ok) throw new Error(linked.messages.join('\n'));
  const { image } = linked;
  for (const { addr, bytes } of image.segments) kernel.mem.setBytes(addr, bytes);
  const processor = new CProcessor(kernel);
  processor.image = new Code({
    insns: image.insns,
    base: image.base,
    linker: { helper: (n) => natives[image.natives[n] ?? ''] ?? null, kfunc: () => null },
  });
  const stack = kernel.mem.alloc(EXTENDED_STACK, 4096);
  processor.stackLow = stack;
  const address = (name: string): Addr => image.symbols.get(name) ?? 0n;
  return {
    image,
    processor,
    address,
    call: (name, ...args) => {
      processor.useRegisters(KERNEL_SLOT);
      processor.refuel(10_000_000);
      processor.execute(processor.start(stack + BigInt(EXTENDED_STACK), address(name), args));
      return processor.reg(0);
    },
  };
}
