import { hexByte, registerText, words } from '../format/bytes.ts';
import { machineOf, useFollowing } from '../store/following.ts';

/** The program's stack after the call, from the frame pointer down; words never written are left out. */
export function Stack() {
  const stack = useFollowing('inspector', machineOf)?.steps?.stack ?? null;
  if (!stack) return <p className="empty">The program does not run in this callback.</p>;
  const rows = words(stack)
    .map((value, i) => ({ value, offset: i * 8 - stack.length, bytes: stack.subarray(i * 8, i * 8 + 8) }))
    .filter((row) => row.value !== 0n)
    .toReversed();
  return (
    <section className="section">
      <h2>
        <span>Stack after the call · innermost frame</span>
        <span className="num">{stack.length} B</span>
      </h2>
      {rows.length === 0 ? (
        <p>Nothing but zeros.</p>
      ) : (
        <dl className="fields words">
          {rows.map((row) => (
            <div key={row.offset}>
              <dt>fp{row.offset}</dt>
              <dd title={[...row.bytes].map(hexByte).join(' ')}>{registerText(row.value)}</dd>
              <dd className="at">{readable(row.bytes)}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

/** Bytes as characters where they are printable. */
const readable = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join('');
