import { useEffect, useMemo, useRef } from 'react';
import { traceOf } from '../store/run.ts';
import { useStore } from '../store/store.ts';
import { litLines } from '../trace/kernel_lines.ts';

/** The algorithms of read(2) and of the target, in our own words; the lines of the moment are lit. */
export function KernelPane() {
  const trace = useStore(traceOf);
  const call = useStore((s) => s.at.call);
  const pseudo = useStore((s) => s.pseudo);
  const now = useRef<HTMLLIElement>(null);
  const lit = useMemo(() => (trace ? litLines(trace, call) : null), [trace, call]);
  useEffect(() => now.current?.scrollIntoView({ block: 'nearest' }), [lit]);
  if (!pseudo || pseudo.code.length === 0)
    return <p className="empty">After a run, this shows what the kernel does at each step.</p>;
  let first = true;
  return (
    <div className="scroll kernel-pane" tabIndex={0} role="region" aria-label="The kernel's algorithm">
      {pseudo.code.map((code) => (
        <section key={code.title}>
          <h3>{code.title}</h3>
          <ol>
            {code.lines.map((line) => {
              const at = lit?.now.has(line.id) ?? false;
              const ref = at && first ? now : null;
              if (at) first = false;
              return (
                <li
                  key={line.id}
                  ref={ref}
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
    </div>
  );
}
