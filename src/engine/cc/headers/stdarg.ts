/** Arguments whose number is not known. */
import { guard } from './standard.ts';

/** Needed by every profile in which functions may take any number of arguments. */
export const STDARG_HEADER: Readonly<Record<string, string>> = {
  'stdarg.h': guard(
    '_STDARG_H',
    `
typedef __builtin_va_list va_list;
#define va_start(ap, last) __builtin_va_start(ap, last)
#define va_arg(ap, type) __builtin_va_arg(ap, type)
#define va_copy(to, from) ((to) = (from))
#define va_end(ap) ((void)(ap))
`,
  ),
};
