import { Dialog } from 'radix-ui';
import { READ_SIZES } from '../store/attach.ts';
import { SPEEDS } from '../store/cursor.ts';
import { keep } from '../store/keep.ts';
import { MOTIONS, SPOKEN, TYPE_SIZES } from '../store/looks.ts';
import { act, useStore } from '../store/store.ts';
import { THEMES } from '../store/view.ts';
import { Segments } from '../widgets/Segments.tsx';

const options = <T extends string | number>(values: readonly T[], text: (value: T) => string = String) =>
  values.map((value) => ({ value: String(value), text: text(value) }));

const THEME_OPTIONS = options(THEMES);
const SIZE_OPTIONS = options(TYPE_SIZES, (size) => `${Math.round(size * 100)} %`);
const MOTION_OPTIONS = options(MOTIONS);
const SPOKEN_OPTIONS = options(SPOKEN);
const KEY_OPTIONS = options(['on', 'off'] as const);
const SPEED_OPTIONS = options(SPEEDS, (speed) => (speed === Infinity ? 'max' : `${speed} /s`));

/** What a person sets once, in one place. Every choice acts at once and is kept in this browser. */
export function Settings() {
  const looks = useStore((s) => s);
  const { setLooks, setTheme, setSpeed, setSingleKeys, setAttach } = act();
  const close = (settingsOpen: boolean): void => useStore.setState({ settingsOpen });
  const one = <T extends string | number>(of: readonly T[], text: string): T | undefined =>
    of.find((value) => String(value) === text);
  return (
    <Dialog.Root open onOpenChange={close}>
      <Dialog.Portal>
        <Dialog.Overlay className="palette-backdrop" />
        <Dialog.Content className="settings" aria-describedby={undefined}>
          <Dialog.Title className="settings-title">Settings</Dialog.Title>
          <Setting text="Theme">
            <Segments
              label="Theme"
              options={THEME_OPTIONS}
              value={looks.theme}
              onChange={(text) => setTheme(one(THEMES, text) ?? 'system')}
            />
          </Setting>
          <Setting text="Size of type">
            <Segments
              label="Size of type"
              options={SIZE_OPTIONS}
              value={String(looks.typeSize)}
              onChange={(text) => setLooks({ typeSize: one(TYPE_SIZES, text) ?? 1 })}
            />
          </Setting>
          <Setting text="Motion" note="The cursor glides and the buffer grows, or both change at once.">
            <Segments
              label="Motion"
              options={MOTION_OPTIONS}
              value={looks.motion}
              onChange={(text) => setLooks({ motion: one(MOTIONS, text) ?? 'system' })}
            />
          </Setting>
          <Setting text="Speed of playing">
            <Segments
              label="Speed of playing"
              options={SPEED_OPTIONS}
              value={String(looks.speed)}
              onChange={(text) => {
                keep('speed', text);
                setSpeed(one(SPEEDS, text) ?? 4);
              }}
            />
          </Setting>
          <Setting text="Size of a read()" note="What the reader asks for: now, and when the page opens.">
            <label className="field">
              <select
                aria-label="Size of a read()"
                className="mono"
                value={looks.readSize}
                onChange={({ target }) => {
                  keep('read-size', target.value);
                  setAttach({ readSize: Number(target.value) });
                }}
              >
                {[...new Set([...READ_SIZES, looks.readSize])].map((size) => (
                  <option key={size} value={size}>
                    {size} B
                  </option>
                ))}
              </select>
            </label>
          </Setting>
          <Setting text="Read aloud" note="By a screen reader: every step, the end of each read, or nothing.">
            <Segments
              label="Read aloud"
              options={SPOKEN_OPTIONS}
              value={looks.spoken}
              onChange={(text) => setLooks({ spoken: one(SPOKEN, text) ?? 'steps' })}
            />
          </Setting>
          <Setting
            text="Single-letter keys"
            note="Step, play and the views by a letter alone. F5 and Ctrl K stay."
          >
            <Segments
              label="Single-letter keys"
              options={KEY_OPTIONS}
              value={looks.singleKeys ? 'on' : 'off'}
              onChange={(text) => setSingleKeys(text === 'on')}
            />
          </Setting>
          <Dialog.Close className="btn settings-close">Close</Dialog.Close>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface SettingProps {
  readonly text: string;
  readonly note?: string;
  readonly children: React.ReactNode;
}

const Setting = ({ text, note = '', children }: SettingProps) => (
  <div className="setting">
    <div>
      <div>{text}</div>
      {note && <div className="setting-note">{note}</div>}
    </div>
    {children}
  </div>
);
