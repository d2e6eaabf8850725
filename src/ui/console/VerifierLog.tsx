import { useMemo } from 'react';
import { useStore } from '../store/store.ts';
import { Listing } from './Listing.tsx';

/** A source line in the log: `; text @ file.c:12`. */
const SOURCE = /^; .* @ [^ ]*:(\d+)$/;

/** Statistics, which close every log. */
const TOTAL = /^processed \d+ insns /;

/** What the verifier printed, with the reason of a refusal lit. A source line in it leads to the editor. */
export function VerifierLog() {
  const verdict = useStore((s) => s.check?.verdict ?? s.result?.report.verdict ?? null);
  const stage = useStore((s) => s.check?.stage ?? null);
  const revealLine = useStore((s) => s.revealLine);
  const lines = useMemo(() => verdict?.log.replace(/\n$/, '').split('\n') ?? [], [verdict]);
  if (!verdict)
    return (
      <p className="empty">
        {stage === 'compile'
          ? 'The program does not compile yet, so the verifier has not seen it.'
          : 'The verifier has not seen a program yet.'}
      </p>
    );
  if (verdict.log === '')
    return (
      <p className="empty">
        {verdict.accepted
          ? 'Accepted. The kernel prints a log only when it is asked for one or refuses.'
          : `Refused with ${verdict.errno ?? 'an error'}, without a log.`}
      </p>
    );
  const place = (i: number): number => Number(SOURCE.exec(lines[i] ?? '')?.[1] ?? 0);
  return (
    <Listing
      label="Verifier log"
      length={lines.length}
      current={verdict.accepted ? -1 : lines.findLastIndex((line) => line !== '' && !TOTAL.test(line))}
      renderRow={(i) => <span className={lines[i]?.startsWith(';') ? 'dim' : ''}>{lines[i]}</span>}
      onPick={(i) => {
        for (let up = i; up >= 0; up--)
          if (place(up) > 0) {
            revealLine(place(up));
            return;
          }
      }}
    />
  );
}
