/** seq_file and the log. Source: fs/seq_file.c, kernel/printk/printk.c. */
import { latin1Encode } from '../../../shared/utf8.ts';
import { SeqFile } from '../../vfs/seq_file.ts';
import { functions } from '../call.ts';
import type { KernelCall } from '../call.ts';
import { vsnprintf } from '../printf.ts';

const seqFile = (call: KernelCall): SeqFile => new SeqFile(call.kernel, call.struct('seq_file', 1).addr);
const write = (call: KernelCall, text: string): number => seqFile(call).write(latin1Encode(text));

export const OUTPUT_FUNCTIONS = functions({
  'void seq_printf(struct seq_file *m, const char *fmt, ...)': (call) =>
    void write(call, vsnprintf(call, call.text(call.arg(2)))),
  'void seq_puts(struct seq_file *m, const char *text)': (call) => void write(call, call.text(call.arg(2))),
  'void seq_putc(struct seq_file *m, char c)': (call) =>
    void write(call, String.fromCharCode(call.int(2) & 0xff)),
  'int seq_write(struct seq_file *m, const void *data, size_t size)': (call) =>
    seqFile(call).write(call.bytes(call.arg(2), call.size(3))) === 0 ? 0 : -1,
  'int printk(const char *fmt, ...)': (call) => {
    const text = vsnprintf(call, call.text(call.arg(1)));
    call.module.say(text);
    return text.length;
  },
});
