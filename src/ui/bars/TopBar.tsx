import { OpenButton } from '../drop/DropZone.tsx';
import { act, useStore } from '../store/store.ts';
import { THEMES } from '../store/view.ts';
import { Icon } from '../widgets/icons.tsx';

/** Name, program, commands and theme. */
export function TopBar() {
  const theme = useStore((s) => s.theme);
  const projector = useStore((s) => s.projector);
  const { setTheme, setView, setLooks } = act();
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
  return (
    <header className="top">
      <h1 className="logo">
        <img src="./icon.svg" width="20" height="20" alt="" />
        <span className="hide-beside-edits">iterscope</span>
      </h1>
      <ExampleChoice />
      <OpenButton />
      <span className="spring" />
      <button type="button" className="btn quiet hide-narrow" onClick={() => setView({ paletteOpen: true })}>
        Search commands <kbd>Ctrl K</kbd>
      </button>
      <button
        type="button"
        className="btn quiet hide-narrow"
        title="For a room: larger, and only code, picture and timeline (P)"
        aria-pressed={projector}
        onClick={() => setLooks({ projector: !projector })}
      >
        Projector
      </button>
      <button type="button" className="btn quiet" onClick={() => setView({ shareOpen: true })}>
        <span>
          Share<span className="hide-narrow"> moment</span>
        </span>
      </button>
      <button
        type="button"
        className="btn quiet icon"
        aria-label="Settings"
        title="Settings: theme, size of type, motion, keys"
        onClick={() => useStore.setState({ settingsOpen: true })}
      >
        <Icon name="settings" />
      </button>
      <button
        type="button"
        className="btn quiet icon hide-narrow"
        aria-label={`Theme: ${theme}. Change to ${next}`}
        title={`Theme: ${theme}`}
        onClick={() => setTheme(next)}
      >
        <Icon name="theme" />
      </button>
    </header>
  );
}

/** The examples; a program that was edited stays in the editor until another is chosen. */
function ExampleChoice() {
  const examples = useStore((s) => s.examples);
  const path = useStore((s) => s.path);
  const edited = useStore((s) => s.examples.find((one) => one.path === s.path)?.text !== s.text);
  const { openExample } = act();
  const known = examples.some((one) => one.path === path);
  return (
    <label className="crumb">
      <span className="hide-narrow">Examples</span>
      <span className="hide-narrow" aria-hidden="true">
        /
      </span>
      <select value={path} aria-label="Example" onChange={(event) => void openExample(event.target.value)}>
        {!known && <option value={path}>{path}</option>}
        {examples.map((one) => (
          <option key={one.path} value={one.path}>
            {one.path}
            {one.path === path && edited ? ' (edited)' : ''}
          </option>
        ))}
      </select>
      {edited && known && (
        <button type="button" className="btn quiet small undo-edits" onClick={() => void openExample(path)}>
          Undo edits
        </button>
      )}
    </label>
  );
}
