import { ToggleGroup } from 'radix-ui';

interface Props<T extends string> {
  readonly label: string;
  readonly options: readonly { readonly value: T; readonly text: string; readonly title?: string }[];
  readonly value: T;
  readonly small?: boolean;
  readonly onChange: (value: T) => void;
}

/** One of a few words, all of them visible; arrows move between them. */
export function Segments<T extends string>({ label, options, value, small = false, onChange }: Props<T>) {
  return (
    <ToggleGroup.Root
      type="single"
      className={small ? 'segments small' : 'segments'}
      aria-label={label}
      value={value}
      onValueChange={(next) => next && onChange(next as T)}
    >
      {options.map((option) => (
        <ToggleGroup.Item key={option.value} value={option.value} title={option.title}>
          {option.text}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
