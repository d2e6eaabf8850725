/** Links: what goes in comes out, and what is not ours changes nothing. */
import { deflateRawSync } from 'node:zlib';
import { inflateSync } from 'fflate';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Scenario } from '../../protocol/scenario.ts';
import { adopted } from '../store/adopt.ts';
import { scenarioOf } from '../store/attach.ts';
import { useStore } from '../store/store.ts';
import { pack, unpack } from './codec.ts';
import { LINK_MOST, hashOf, isLink, linkProblem, openHash } from './link.ts';
import type { Shared } from './link.ts';
import { snippets } from './snippets.ts';

const offer = { worlds: ['demo', 'docs'] };
const scenario: Scenario = {
  world: { name: 'demo' },
  source: { path: 'files.bpf.c', text: 'SEC("iter/task_file")\nint f(void *ctx) { return 0; } // ✓\n' },
  options: { prog: 'f', attach: { pid: 812 }, readSize: 256 },
};
const shared: Shared = {
  scenario,
  view: { view: 'table', unit: 'callback' },
  moment: { session: 1, read: 2, call: 25, insn: 4 },
};
const problem = (hash: string): string => {
  const opened = openHash(hash, offer);
  return opened.ok ? '' : opened.problem;
};
const holding = (value: unknown): string => `#1.${pack(JSON.stringify(value))}`;

test('a link holds scenario, view and moment, in characters that need no escaping', () => {
  const hash = hashOf(shared);
  expect(hash).toMatch(/^#1\.[\w-]+\.1\/2\/25\/4$/);
  expect(new URL(hash, 'https://example.org/play/').href).toBe(`https://example.org/play/${hash}`);
  expect(openHash(hash, offer)).toEqual({ ok: true, shared });
  expect(isLink(hash)).toBe(true);
  expect(isLink('#section')).toBe(false);
});

test("kernel code of the user's goes along, and comes back into the editor", () => {
  const module = { path: 'mine.c', text: 'int x; /* \u2713 */\n' };
  const whole: Shared = { ...shared, scenario: { ...scenario, module } };
  expect(openHash(hashOf(whole), offer)).toEqual({ ok: true, shared: whole });
  expect(adopted(whole.scenario, useStore.getState()).module).toEqual(module);
  expect(adopted(scenario, useStore.getState()).module).toBeNull();
  const wrong = { scenario: { ...scenario, module: { path: 'mine.c' } }, view: {} };
  expect(problem(holding(wrong))).toContain('scenario.module.text');
});

test('what was typed in the shell goes along, and so does a reader program', () => {
  const typed: Shared = { ...shared, scenario: { ...scenario, shell: ['cat /sys/fs/bpf/mine | sort'] } };
  expect(openHash(hashOf(typed), offer)).toEqual({ ok: true, shared: typed });
  const reader = { path: 'reader.c', text: 'int main(void) { return 0; }\n' };
  const read: Shared = { ...shared, scenario: { ...scenario, reader } };
  expect(openHash(hashOf(read), offer)).toEqual({ ok: true, shared: read });
  expect(problem(holding({ scenario: { ...scenario, shell: 'ls' }, view: {} }))).toContain('scenario.shell');
});

test('only the end of a link changes with the moment', () => {
  const without = hashOf({ ...shared, moment: null });
  expect(hashOf(shared).startsWith(`${without}.`)).toBe(true);
  expect(openHash(without, offer)).toMatchObject({ ok: true, shared: { moment: null } });
});

test('any text comes back as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 3000 }), (text) => {
      expect(unpack(pack(text), 1 << 20)).toBe(text);
    }),
  );
});

describe('what is refused, and why', () => {
  test('a damaged, cut or foreign text', () => {
    const hash = hashOf({ ...shared, moment: null });
    expect(problem(hash.slice(0, -9))).toContain('damaged');
    expect(problem('#1.%%%')).toContain('damaged');
    expect(problem('#1.')).toContain('damaged');
    expect(problem('#1.AAAA')).toContain('damaged');
    expect(problem(`#1.${pack('no json')}`)).toContain('damaged');
    expect(problem(`${hash}.1/2`)).toContain('moment is damaged');
    expect(problem(hash.replace('#1', '#7'))).toContain('version 7');
  });

  test('no bytes whatever make it throw', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (text) => {
        expect(openHash(`#1.${text}`, offer).ok).toBe(false);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(openHash(`#1.${Buffer.from(bytes).toString('base64url')}`, offer).ok).toBe(false);
      }),
    );
  });

  test('a bomb: little text that inflates to gigabytes is left after a few megabytes', () => {
    const zeros = deflateRawSync(new Uint8Array(64 << 20), { level: 9 });
    const hash = `#1.${Buffer.from(zeros).toString('base64url')}`;
    expect(hash.length).toBeLessThan(LINK_MOST);
    const took = (act: () => void): number => {
      const began = performance.now();
      act();
      return performance.now() - began;
    };
    const refused = took(() => expect(problem(hash)).toContain('damaged'));
    expect(refused).toBeLessThan(took(() => inflateSync(zeros)) / 2);
    expect(problem(`#1.${'A'.repeat(LINK_MOST)}`)).toContain('longer');
  });

  test('a world that is not here, and fields that no scenario has', () => {
    const with_ = (patch: object) => holding({ scenario: { ...scenario, ...patch }, view: {} });
    expect(problem(with_({ world: { name: 'mars' } }))).toContain('mars');
    expect(problem(with_({ world: { name: '__proto__' } }))).toContain('__proto__');
    expect(problem(with_({ options: { attach: { pid: -1 } } }))).toContain('options.attach.pid');
    expect(problem(with_({ options: { attach: { pid: '1' } } }))).toContain('options.attach.pid');
    expect(problem(with_({ options: { sudo: true } }))).toContain('sudo');
    expect(problem(with_({ source: { path: 'x' } }))).toContain('source.text');
    expect(problem(holding({ scenario, view: { view: 'hologram' } }))).toContain('view.view');
    expect(problem(holding([]))).not.toBe('');
    expect(problem(holding(null))).not.toBe('');
  });
});

describe('a scenario on the page', () => {
  const begin = useStore.getState();
  beforeEach(() => useStore.setState(begin, true));
  const check = (target: string) => ({
    stage: 'done' as const,
    diagnostics: [],
    verdict: null,
    programs: [{ name: 'f', section: `iter/${target}`, target, insns: [], ctxType: '' }],
    maps: [{ name: 'scores', type: 'hash', targets: ['bpf_map_elem'] }],
  });

  test.for<[string, Scenario['options']]>([
    ['task_file', { prog: 'f', attach: { pid: 812 }, readSize: 256 }],
    ['task', { prog: 'f', attach: { tid: 7 }, readSize: 64 }],
    ['task', { prog: 'f', attach: {}, readSize: 4096 }],
    ['task_vma', { prog: 'f', attach: { pidfd: 9 }, readSize: 4096 }],
    ['bpf_map_elem', { prog: 'f', attach: { map: 'scores' }, fill: [['scores', 20]], readSize: 300 }],
    ['bpf_map_elem', { prog: 'f', attach: { map: 'scores' }, readSize: 300 }],
    ['cgroup', { prog: 'f', attach: { cgroup: '/system.slice', order: 'post' }, readSize: 1024 }],
    ['cgroup', { prog: 'f', attach: { cgroupId: '31', order: 'up' }, readSize: 1024 }],
  ])('is taken over so that Run would run the same: %s %j', ([target, options]) => {
    const given: Scenario = { ...scenario, options };
    useStore.setState({ ...adopted(given, begin), check: check(target) });
    expect(scenarioOf(useStore.getState())).toEqual(given);
  });
});

test('a world that was brought and changes made by hand go along; a binary file cannot', () => {
  const changes = [{ at: { call: 3 }, do: 'close', pid: 731, fd: 3 }];
  const world = { name: 'mine.json', text: '{"format":1}' };
  const given: Shared = { ...shared, scenario: { ...scenario, world, changes } };
  expect(linkProblem(given.scenario)).toBe('');
  expect(openHash(hashOf(given), offer)).toEqual({ ok: true, shared: given });
  const { options } = scenario;
  const object = { world, options, source: { path: 'a.bpf.o', object: new Uint8Array(8) } };
  expect(linkProblem(object)).toContain('a.bpf.o');
  expect(problem(holding({ scenario: { ...scenario, changes: ['fork'] }, view: {} }))).toContain('changes');
});

test('a link is passed on as itself, as Markdown and as an iframe of the player', () => {
  const [link, markdown, iframe] = snippets('https://x.org/p/', '#1.AA.1/0/3', 'a [b] "c" & <d>');
  expect(link?.text).toBe('https://x.org/p/#1.AA.1/0/3');
  expect(markdown?.text).toBe('[a \\[b\\] "c" & <d>](https://x.org/p/#1.AA.1/0/3)');
  expect(iframe?.text).toContain('src="https://x.org/p/embed.html#1.AA.1/0/3"');
  expect(iframe?.text).toContain('title="a [b] &quot;c&quot; &amp; &lt;d>"');
});
