import { useFollowing } from '../store/following.ts';
import { currentInsn } from '../store/insn.ts';
import { useStore } from '../store/store.ts';
import type { PageState } from '../store/store.ts';
import { Listing } from './Listing.tsx';

const pcOf = (state: PageState): number => currentInsn(state)?.pc ?? -1;

/** Instructions of the program on show: the run's, or the one chosen in the attach bar before a run. */
export function Disassembly() {
  const program = useStore(
    (s) => s.result?.program ?? s.check?.programs.find((p) => p.name === s.prog) ?? null,
  );
  const current = useFollowing('dock', pcOf);
  const caretLine = useStore((s) => s.caret.line);
  const revealLine = useStore((s) => s.revealLine);
  if (!program) return <p className="empty">The instructions of the program appear here once it compiles.</p>;
  const { insns } = program;
  return (
    <Listing
      label={`Disassembly of ${program.name}`}
      length={insns.length}
      current={current}
      className={(i) => (insns[i]?.line === caretLine ? 'same-line' : '')}
      onPick={(i) => {
        const line = insns[i]?.line ?? 0;
        if (line > 0) revealLine(line, insns[i]?.column);
      }}
      renderRow={(i) => {
        const insn = insns[i];
        const starts = insn && insn.line > 0 && insn.line !== insns[i - 1]?.line;
        return (
          <>
            <span className="insn">
              {String(i).padStart(4)}: {insn?.text || '(second half)'}
            </span>
            {starts && <span className="dim"> ; line {insn.line}</span>}
          </>
        );
      }}
    />
  );
}
