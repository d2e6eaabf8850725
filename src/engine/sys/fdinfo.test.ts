/** What /proc/self/fd and /proc/self/fdinfo of a loading process said on a real kernel. */
import { expect, test } from 'vitest';
import { must } from '../../shared/assert.ts';
import { machineOf, readCase } from '../testing/recorded_machine.ts';
import { pathText } from '../vfs/path.ts';
import { readFdinfo } from './fdinfo.ts';

/** Numbers that one machine cannot know of another, and what only the real verifier counts. */
const comparable = (text: string): string =>
  text.replace(/^(ino|map_id|prog_id|btf_id|link_id|verified_insns):\t\d+$/gm, '$1');

test.each(['maps_ops', 'elem_hash', 'map_list', 'ringbuf_out', 'ringbuf_size', 'globals', 'printf_fmt'])(
  'fds that loading %s opens: names, flags, sizes',
  (name) => {
    const { kernel, sys } = machineOf(name);
    const run = must(
      readCase(name).runs.find((r) => r.self_fds),
      'a run with fds',
    );
    const wanted = (run.self_fds ?? []).filter(({ link }) =>
      /^anon_inode:(btf|bpf-map|bpf-prog)$/.test(link),
    );
    const got = wanted.map(({ fd }) => {
      const file = must(sys.fds.file(fd), `fd ${fd}`);
      return `${fd} ${pathText(kernel, file.sub('f_path'))}\n${comparable(readFdinfo(sys, fd) ?? '')}`;
    });
    expect(got).toEqual(wanted.map(({ fd, link, fdinfo }) => `${fd} ${link}\n${comparable(fdinfo)}`));
  },
);
