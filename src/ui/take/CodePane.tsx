import { strToU8, zipSync } from 'fflate';
import { useMemo, useState } from 'react';
import type { Scenario } from '../../protocol/scenario.ts';
import { scenarioOf } from '../store/attach.ts';
import { useStore } from '../store/store.ts';
import type { PageState } from '../store/store.ts';
import { ScrollRegion } from '../widgets/ScrollRegion.tsx';
import { Segments } from '../widgets/Segments.tsx';
import { bpftoolLines, projectOf } from './project.ts';

/** The scenario's own words: the same choice gives the same text. */
const chosen = (state: PageState): string => {
  const { path, text } = state;
  const { options, module } = scenarioOf(state);
  return JSON.stringify({ world: { name: state.world }, source: { path, text }, module, options });
};

function download(name: string, bytes: Uint8Array<ArrayBuffer>): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes], { type: 'application/zip' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** What is chosen on the page, as a reader in C, as lines of bpftool, and as a project that builds. */
export function CodePane() {
  const key = useStore(chosen);
  const [view, setView] = useState('reader.c');
  const texts = useMemo(() => {
    const scenario = JSON.parse(key) as Scenario;
    return { project: projectOf(scenario), bpftool: bpftoolLines(scenario) };
  }, [key]);
  const views = ['reader.c', 'bpftool', 'Makefile'].map((value) => ({ value, text: value }));
  const [program = ''] = Object.keys(texts.project);
  const name = program.replace(/\.bpf\.c$/, '');
  const zip = (): void => {
    const files = Object.entries(texts.project).map(
      ([file, text]) => [`${name}/${file}`, strToU8(text)] as const,
    );
    download(`${name}.zip`, zipSync(Object.fromEntries(files)));
  };
  return (
    <ScrollRegion label="The same in code" className="code-pane">
      <div className="actions">
        <Segments label="Which code" small options={views} value={view} onChange={setView} />
        <button type="button" className="btn small" onClick={zip}>
          Download project
        </button>
        <span className="status">{program}, reader.c and a Makefile, for clang and libbpf</span>
      </div>
      <pre>{view === 'bpftool' ? texts.bpftool : texts.project[view]}</pre>
    </ScrollRegion>
  );
}
