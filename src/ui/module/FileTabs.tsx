import { act, useStore } from '../store/store.ts';

/** The files of a scenario: the program, and kernel code of the user's when there is any. */
export function FileTabs() {
  const path = useStore((s) => s.path);
  const module = useStore((s) => s.module?.path ?? null);
  const shown = useStore((s) => s.moduleShown);
  const tab = (name: string, isModule: boolean) => (
    <button
      type="button"
      role="tab"
      className="tab"
      aria-selected={shown === isModule}
      data-state={shown === isModule ? 'active' : 'inactive'}
      onClick={() => act().showModule(isModule)}
    >
      {name}
    </button>
  );
  return (
    <>
      <div className="tab-list" role="tablist" aria-label="Files">
        {tab(path, false)}
        {module !== null && tab(module, true)}
      </div>
      <span className="spring" />
      {module === null && (
        <button
          type="button"
          className="btn quiet small"
          title="Write a target of your own, in kernel C"
          onClick={() => void begin()}
        >
          + target.c
        </button>
      )}
    </>
  );
}

async function begin(): Promise<void> {
  const { TEMPLATE } = await import('./template.ts');
  act().setModule({ path: 'target.c', text: TEMPLATE });
  act().showModule(true);
}
