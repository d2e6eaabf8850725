/**
 * The verifier log: text that grows, and that can be taken back to an earlier length when a path is done.
 *
 * Positions count characters since the start, also those that were dropped: at most `limit` characters are
 * kept, the last ones, as the kernel's rotating log does.
 *
 * Source: kernel/bpf/log.c, Linux 6.12.
 */

const LIMIT = 16 * 1024 * 1024;
/** Pieces are joined when there are this many, so that dropping and taking back stay cheap. */
const JOIN_AT = 4096;

export class Log {
  readonly level: number;
  /** Joined pieces, then pieces: the text in order. */
  private readonly blocks: string[] = [];
  private pieces: string[] = [];
  /** Position after the last character. */
  end = 0;
  /** Characters in `blocks`. */
  private inBlocks = 0;

  constructor(level: number) {
    this.level = level;
  }

  write(text: string): void {
    if (this.level === 0) return;
    this.pieces.push(text);
    this.end += text.length;
    if (this.pieces.length >= JOIN_AT) this.join();
  }

  private join(): void {
    const block = this.pieces.join('');
    this.pieces = [];
    this.blocks.push(block);
    this.inBlocks += block.length;
    while (this.inBlocks - (this.blocks[0]?.length ?? 0) > LIMIT)
      this.inBlocks -= this.blocks.shift()?.length ?? 0;
  }

  /** Takes back everything after `position`. */
  reset(position: number): void {
    while (this.end > position) {
      if (this.pieces.length === 0) {
        const block = this.blocks.pop();
        if (block === undefined) break;
        this.inBlocks -= block.length;
        this.pieces.push(block);
      }
      const last = this.pieces.pop() ?? '';
      const start = this.end - last.length;
      if (start < position) this.pieces.push(last.slice(0, position - start));
      this.end = Math.max(start, position);
    }
    this.end = Math.min(this.end, position);
  }

  text(): string {
    return (this.blocks.join('') + this.pieces.join('')).slice(-LIMIT);
  }
}
