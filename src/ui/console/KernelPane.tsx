import { memo, useMemo } from 'react';
import { callOf, useFollowing } from '../store/following.ts';
import { traceOf } from '../store/run.ts';
import { useStore } from '../store/store.ts';
import { litLines } from '../trace/kernel_lines.ts';
import { ScrollRegion, scrollHere } from '../widgets/ScrollRegion.tsx';

/** The algorithms of read(2) and of the target, in our own words; the lines of the moment are lit. */
export function KernelPane() {
  return <KernelPaneAt call={useFollowing('dock', callOf)} />;
}

const KernelPaneAt = memo(({ call }: { readonly call: number }) => {
  const trace = useStore(traceOf);
  const pseudo = useStore((s) => s.pseudo);
  const lit = useMemo(() => (trace ? litLines(trace, call) : null), [trace, call]);
  if (!pseudo || pseudo.code.length === 0)
    return <p className="empty">After a run, this shows what the kernel does at each step.</p>;
  const first = pseudo.code.flatMap((code) => code.lines).find((line) => lit?.now.has(line.id))?.id;
  return (
    <ScrollRegion label="The kernel's algorithm" className="kernel-pane">
      {pseudo.code.map((code) => (
        <section key={code.title}>
          <h2>{code.title}</h2>
          <ol>
            {code.lines.map((line) => {
              const at = lit?.now.has(line.id) ?? false;
              return (
                <li
                  key={line.id}
                  ref={line.id === first ? scrollHere : null}
                  data-line={line.id}
                  className={at ? 'now' : lit?.passed.has(line.id) ? 'passed' : ''}
                  aria-current={at ? 'step' : undefined}
                  style={{ paddingLeft: 8 + line.indent * 16 }}
                >
                  {line.text}
                </li>
              );
            })}
          </ol>
        </section>
      ))}
    </ScrollRegion>
  );
});
KernelPaneAt.displayName = 'KernelPaneAt';
