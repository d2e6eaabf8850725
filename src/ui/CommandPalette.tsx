import { Command } from 'cmdk';
import { Dialog } from 'radix-ui';
import { COMMANDS, keyText } from './commands.ts';
import { act, useStore } from './store/store.ts';

const GROUPS = [...new Set(COMMANDS.map((command) => command.group))];

/** All commands with their keys, searchable. */
export function CommandPalette() {
  const open = useStore((s) => s.paletteOpen);
  const { setView } = act();
  return (
    <Dialog.Root open={open} onOpenChange={(paletteOpen) => setView({ paletteOpen })}>
      <Dialog.Portal>
        <Dialog.Overlay className="palette-backdrop" />
        <Dialog.Content className="palette" aria-describedby={undefined}>
          <Dialog.Title className="sr">Keys and commands</Dialog.Title>
          <Command label="Keys and commands">
            <Command.Input placeholder="Search commands" />
            <Command.List>
              <Command.Empty>No command has this name.</Command.Empty>
              {GROUPS.map((group) => (
                <Command.Group key={group} heading={group}>
                  {COMMANDS.filter((command) => command.group === group).map((command) => (
                    <Command.Item
                      key={command.id}
                      value={command.title}
                      onSelect={() => {
                        setView({ paletteOpen: false });
                        command.run();
                      }}
                    >
                      {command.title}
                      {command.keys.length > 0 && <kbd>{command.keys.map(keyText).join('  ')}</kbd>}
                    </Command.Item>
                  ))}
                </Command.Group>
              ))}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
