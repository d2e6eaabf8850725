/** Statements that go into code and come back: iterators, functions of the program, callbacks. */
import { bounded } from './bounded.ts';
import type { Builder } from './builder.ts';
import { NOTHING, SCALAR } from './builder.ts';
import { argument, call, calling, stackArgument } from './calls.ts';
import type { Statement } from './parts.ts';

/** A numbers iterator on the stack. */
export const iterate =
  (block: (b: Builder) => void, kfunc: (name: string) => number): Statement =>
  (b) => {
    const { random } = b;
    if (!calling(b) || b.loops > 0) return;
    const slot = -8 * random.between(7, 9);
    const invoke = (name: string): void => {
      stackArgument(b, 1, slot);
      b.emit(0x85, { src: 2, imm: kfunc(`bpf_iter_num_${name}`) });
      b.called(NOTHING);
    };
    b.movImm(2, random.between(-1, 2));
    b.movImm(3, random.between(0, 5));
    stackArgument(b, 1, slot);
    b.emit(0x85, { src: 2, imm: kfunc('bpf_iter_num_new') });
    b.called(NOTHING);
    b.regs = b.regs.map((belief) => (belief.is === 'scalar' ? SCALAR : belief));
    const head = b.insns.length;
    const stored = new Set(b.stored);
    invoke('next');
    const out = b.emit(0x15, { dst: 0, imm: 0 });
    b.loops++;
    b.branch(() => {
      const value = b.target(0);
      b.emit(0x61, { dst: value, src: 0, off: 0 });
      b.set(value, SCALAR);
      b.set(0, NOTHING);
      block(b);
    });
    b.emit(0x05, { off: head - b.insns.length - 1 });
    b.land(out);
    b.loops--;
    b.stored = stored;
    for (let n = 0; n < 6; n++) b.set(n, NOTHING);
    if (random.chance(96)) invoke('destroy');
    b.movImm(0, random.edge32());
    b.set(0, SCALAR);
  };

/** A call of one of the program's own functions; R3 points into the caller's stack. */
export const functionCall =
  (count: number): Statement =>
  (b) => {
    const { random } = b;
    if (!calling(b) || count === 0) return;
    if (random.chance(50)) {
      const { reg } = bounded(b, 1, 2, 3);
      b.mov(2, reg);
    } else argument(b, 2);
    argument(b, 1);
    stackArgument(b, 3, -8 * random.between(2, 6));
    b.calls.push([b.emit(0x85, { src: 1 }), random.below(count)]);
    b.called(SCALAR);
  };

/** bpf_loop over the callback. */
export const callbackLoop: Statement = (b) => {
  const { random } = b;
  if (!calling(b)) return;
  b.movImm(1, random.between(0, 5));
  stackArgument(b, 3, -8 * random.between(2, 6));
  b.movImm(4, 0);
  b.calls.push([b.emit(0x18, { dst: 2, src: 4 }), -1]);
  b.emit(0);
  call(b, 'loop');
  b.called(SCALAR);
};
