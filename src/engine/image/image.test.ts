/** C of the extended profiles, compiled, linked and run: what it computes is what C says. */
import { describe, expect, test } from 'vitest';
import { Fault } from '../kernel/memory.ts';
import { OutOfFuel } from '../vm/processor.ts';
import { emptyKernel } from '../vm/testing.ts';
import { loadC } from './testing.ts';

const kernel = emptyKernel();
const s32 = (value: bigint): bigint => BigInt.asIntN(32, value);
const result = (text: string, ...args: readonly bigint[]): bigint =>
  s32(loadC(kernel, text).call('f', ...args));

describe('calls', () => {
  test('recursion, of two functions in turn and deeper than BPF has frames', () => {
    const c = `
      __attribute__((noinline)) static int odd(int n);
      __attribute__((noinline)) static int even(int n) { return n == 0 ? 1 : odd(n - 1); }
      static int odd(int n) { return n == 0 ? 0 : even(n - 1); }
      int f(int n) { return even(n); }`;
    expect(result(c, 1000n)).toBe(1n);
    expect(result(c, 1001n)).toBe(0n);
  });

  test('through pointers in a table, and to a function given as argument', () => {
    const c = `
      static int add(int a, int b) { return a + b; }
      static int sub(int a, int b) { return a - b; }
      static int mul(int a, int b) { return a * b; }
      int (*ops[])(int, int) = { add, sub, mul };
      __attribute__((noinline)) static int apply(int (*op)(int, int), int a, int b) { return op(a, b); }
      int f(int n) { return ops[n](7, 3) * 100 + apply(n ? sub : mul, 5, 2); }`;
    expect([0n, 1n, 2n].map((n) => result(c, n))).toEqual([1010n, 403n, 2103n]);
  });

  test('nine arguments, narrow ones and records among them, and a record comes back', () => {
    const c = `
      struct pair { long a; int b; };
      __attribute__((noinline)) static struct pair make(signed char a, short b, struct pair p, int c, long d,
                                                        unsigned char e, int g, struct pair *q, int h) {
        struct pair r = { a + b + p.a + p.b + c + d + e + g + q->a + h, h };
        p.a = 0;
        return r;
      }
      int f(int n) {
        struct pair p = { 10, 20 }, q = { 1000, 0 };
        struct pair r = make(-1, -2, p, 3, 4, 250, 6, &q, n);
        return r.a * 10 + p.a + (r.b == n);
      }`;
    expect(result(c, 9n)).toBe((-1n - 2n + 30n + 3n + 4n + 250n + 6n + 1000n + 9n) * 10n + 11n);
  });

  test('any number of arguments, of several widths, handed on as va_list', () => {
    const c = `
      #include <stdarg.h>
      struct pair { int a, b; };
      static long vsum(const char *what, va_list ap) {
        long sum = 0;
        for (; *what; what++)
          switch (*what) {
          case 'i': sum += va_arg(ap, int); break;
          case 'l': sum += va_arg(ap, long); break;
          case 'p': sum += *va_arg(ap, int *); break;
          case 's': { struct pair p = va_arg(ap, struct pair); sum += p.a * p.b; break; }
          }
        return sum;
      }
      __attribute__((noinline)) static long sum(const char *what, ...) {
        va_list ap, again;
        va_start(ap, what);
        va_copy(again, ap);
        long once = vsum(what, ap), twice = vsum(what, again);
        va_end(ap);
        return once == twice ? once : -1;
      }
      __attribute__((noinline)) static int last(int a, int b, int c, int d, int e, int g, ...) {
        va_list ap;
        va_start(ap, g);
        return e * 100 + g * 10 + va_arg(ap, int);
      }
      int f(int n) {
        struct pair p = { 6, 7 };
        return sum("ilpsi", -5, 100L, &n, p, 1000) + last(1, 2, 3, 4, 5, 6, 7);
      }`;
    expect(result(c, 3n)).toBe(-5n + 100n + 3n + 42n + 1000n + 567n);
  });

  test('native functions by name, called and passed on as a pointer', () => {
    const c = `
      extern long twice(long x);
      __attribute__((noinline)) static long apply(long (*fn)(long), long x) { return fn(x); }
      int f(int n) { return twice(n) + apply(twice, 100); }`;
    const loaded = loadC(kernel, c, { twice: (call) => call.arg(1) * 2n });
    expect(loaded.call('f', 21n)).toBe(242n);
  });

  test('a native function calls back while the caller waits', () => {
    const c = `
      extern int each(int (*fn)(int i, int *sum), int *sum);
      static int add(int i, int *sum) { int local[40]; local[i] = i; *sum += local[i]; return 0; }
      int f(int n) { int sum = n, keep[8] = { 1, 2, 3, 4 }; each(add, &sum); return sum * 10 + keep[3]; }`;
    const loaded = loadC(kernel, c, {
      each: (call) => {
        for (let i = 1n; i <= 4n; i++) call.callback(call.arg(1), i, call.arg(2));
        return 0;
      },
    });
    expect(loaded.call('f', 5n)).toBe(154n);
  });
});

describe('memory', () => {
  test('globals begin as written, keep what is stored, and point at each other', () => {
    const c = `
      static int count = 5;
      int *where = &count;
      static const char *names[] = { "zero", "one", "two" };
      static char buffer[64];
      int f(int n) { *where += n; buffer[n] = names[n][1]; return count * 1000 + buffer[n]; }`;
    const loaded = loadC(kernel, c);
    expect(loaded.call('f', 1n)).toBe(6000n + BigInt('n'.charCodeAt(0)));
    expect(loaded.call('f', 2n)).toBe(8000n + BigInt('w'.charCodeAt(0)));
  });

  test('a frame larger than a load can reach', () => {
    const c = `
      __attribute__((noinline)) static int fill(char *p, int n) { for (int i = 0; i < n; i++) p[i] = i; return p[n - 1]; }
      int f(int n) {
        char big[60000], small[300];
        int a = fill(big, sizeof(big)), b = fill(small, sizeof(small));
        return (unsigned char)big[n] * 1000 + (unsigned char)small[1] + (a & 0) + (b & 0);
      }`;
    expect(result(c, 59_999n)).toBe((59_999n % 256n) * 1000n + 1n);
  });

  test('signed division, which BPF before v4 has not', () => {
    expect(result('int f(int n) { return n / 3 * 100 + n % 3; }', BigInt.asUintN(64, -7n))).toBe(-201n);
  });

  test('recursion without end runs out of stack, a wild pointer is no function: faults, with where from', () => {
    const loaded = loadC(
      kernel,
      `int depth;
      __attribute__((noinline)) int down(int n) { volatile char room[4096]; room[n & 7] = n; depth++; return down(n + 1) + room[0]; }
      int wild(long at) { return ((int (*)(void))at)() + 1; }`,
    );
    const { processor, image } = loaded;
    const loadedDepth = (): number => kernel.mem.u32(image.symbols.get('depth') ?? 0n);
    const near = (): string => image.functionAt(processor.backtrace()[0] ?? -1)?.name ?? '';
    expect(() => loaded.call('wild', 0x1234n)).toThrow(Fault);
    expect(near()).toBe('wild');
    expect(image.lineAt(processor.backtrace()[0] ?? -1)).toMatchObject({ file: 'test.c', line: 3 });
    expect(() => loaded.call('down', 1n)).toThrow(Fault);
    expect(near()).toBe('down');
    expect(loadedDepth()).toBeGreaterThan(30);
    expect(loadedDepth()).toBeLessThan(66);
  });

  test('a loop without end runs out of fuel', () => {
    expect(() => loadC(kernel, 'int f(void) { for (;;) ; }').call('f')).toThrow(OutOfFuel);
  });
});

describe('what is wrong with a program', () => {
  test.for<[string, string]>([
    ['int f(void) { return missing(); } ', "1:22 call to undeclared function 'missing'"],
    [
      'extern int missing(void);\nint f(void) { return missing(); }',
      "test.c:2: undefined reference to 'missing'",
    ],
    ['double d = 1.5;', '1:12 floating point is not available in simulated kernel code'],
    [
      'int use(char *); int f(void) { char big[300000]; return use(big); } __attribute__((noinline)) int use(char *p) { return *p; }',
      "1:22 'f' needs 300000 bytes of stack; simulated kernel code have 262144",
    ],
  ])('%s', ([text, message]) => {
    expect(() => loadC(kernel, text)).toThrow(message);
  });
});
