import { FileEditor } from '../editor/FileEditor.tsx';
import { isStale } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import type { PageState } from '../store/store.ts';
import { moduleLine, rowBeside } from './module_line.ts';

const lineOnShow = (state: PageState): number => (isStale(state) ? 0 : moduleLine(state));
const step = (by: 1 | -1): void => {
  const row = rowBeside(act(), by);
  if (row === null) return;
  act().pause();
  act().seekKernelRow(row);
};

/** target.c: the same editor as the program's, with the line of C that was gone to, or at which the callback ended. */
export function ModuleEditor() {
  const text = useStore((s) => s.module?.text ?? '');
  const path = useStore((s) => s.module?.path ?? '');
  const reveal = useStore((s) => s.moduleReveal);
  const line = useStore(lineOnShow);
  return (
    <>
      <FileEditor
        file="module"
        label="Kernel code, C"
        {...{ text, path, reveal, line }}
        onText={(next) => {
          const { module } = act();
          if (module) act().setModule({ ...module, text: next });
        }}
      />
      <Stepper />
    </>
  );
}

/** From line to line of the kernel code, through all callbacks. */
function Stepper() {
  const steps = useStore((s) => s.ran?.module !== undefined && !isStale(s));
  const isFirst = useStore((s) => rowBeside(s, -1) === null);
  const isLast = useStore((s) => rowBeside(s, 1) === null);
  if (!steps) return null;
  return (
    <div className="kernel-steps">
      <button type="button" className="btn quiet small" disabled={isFirst} onClick={() => step(-1)}>
        Line back
      </button>
      <button type="button" className="btn quiet small" disabled={isLast} onClick={() => step(1)}>
        Line on
      </button>
    </div>
  );
}
