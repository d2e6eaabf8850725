/**
 * The verifier log: text that grows, and that can be taken back to an earlier length when a path is done.
 *
 * Positions count characters since the start, also those that were dropped: at most `limit` characters are
 * kept, the last ones, as the kernel's rotating log does.
 *
 * Source: kernel/bpf/log.c, Linux 6.12.
 */

const LIMIT = 16 * 1024 * 1024;

export class Log {
  readonly level: number;
  private chunks: string[] = [];
  /** Position after the last character. */
  end = 0;
  private dropped = 0;

  constructor(level: number) {
    this.level = level;
  }

  write(text: string): void {
    if (this.level === 0) return;
    this.chunks.push(text);
    this.end += text.length;
    if (this.chunks.length > 4096) this.compact();
  }

  private compact(): void {
    let text = this.chunks.join('');
    if (text.length > LIMIT) {
      this.dropped += text.length - LIMIT;
      text = text.slice(-LIMIT);
    }
    this.chunks = [text];
  }

  /** Takes back everything after `position`. */
  reset(position: number): void {
    if (position >= this.end) return;
    while (this.end > position) {
      const last = this.chunks.pop();
      if (last === undefined) break;
      const start = this.end - last.length;
      if (start < position) this.chunks.push(last.slice(0, position - start));
      this.end = Math.max(start, position);
    }
    this.end = position;
    if (position < this.dropped) this.dropped = position;
  }

  text(): string {
    this.compact();
    return this.chunks.join('');
  }
}
