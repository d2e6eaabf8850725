import { useEffect, useRef } from 'react';
import { openTerminal } from './terminal.ts';
import type { ShellTerminal } from './terminal.ts';

/** One terminal for the page: it goes on where it was when its tab is shown again. */
let kept: { readonly host: HTMLElement; readonly terminal: ShellTerminal } | null = null;

function terminalHost(): { readonly host: HTMLElement; readonly terminal: ShellTerminal } {
  if (kept) return kept;
  const host = document.createElement('div');
  host.className = 'terminal';
  // A terminal measures its letters when it opens: it has to be in the page by then.
  document.body.append(host);
  return (kept = { host, terminal: openTerminal(host) });
}

/** A shell on the machine of the page: bpftool, cat, and what else lies in its directories. */
export function ShellPane() {
  const slot = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { host, terminal } = terminalHost();
    slot.current?.append(host);
    terminal.focus();
    return () => host.remove();
  }, []);
  return <div ref={slot} className="terminal-slot" role="region" aria-label="Shell" />;
}
