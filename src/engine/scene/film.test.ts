import { describe, expect, test } from 'vitest';
import type { Scene, SceneNode } from '../../protocol/scene.ts';
import { SceneBuilder } from './builder.ts';
import { SceneFilm } from './film.ts';

interface Process {
  readonly pid: number;
  readonly fds: readonly number[];
}

/** Processes as frames from top to bottom, with a slot for each fd: as task_file draws them. */
function world(...processes: readonly Process[]): Scene {
  const scene = new SceneBuilder();
  let y = 34;
  for (const { pid, fds } of processes) {
    const box = scene.node(
      { kind: 'task', addr: BigInt(pid) << 8n, key: pid, label: `p${pid}`, detail: `${fds.length} files` },
      { x: 12, y, w: 300, h: 16 + fds.length * 20 },
    );
    fds.forEach((fd, i) =>
      scene.node(
        {
          kind: 'slot',
          addr: BigInt(fd + 1),
          owner: BigInt(pid) << 8n,
          key: fd,
          label: String(fd),
          parent: box,
        },
        { x: 180, y: y + 8 + i * 20, w: 120, h: 18 },
      ),
    );
    y += 16 + fds.length * 20 + 10;
  }
  scene.node({ kind: 'end', label: 'end' }, { x: 12, y, w: 300, h: 28 });
  return scene.finish('task_file', []);
}

/** Processes and their fds from top to bottom, as at a call; what is not there in brackets. */
function at({ nodes, changes }: Scene, call: number): string {
  const there = new Map(nodes.map(({ id }) => [id, id < (changes?.nodes ?? Infinity)]));
  for (const change of changes?.rows ?? [])
    if (change.of === 'node' && change.call <= call) there.set(change.id, change.there);
  const text = ({ id, label }: SceneNode): string => (there.get(id) ? label : `(${label})`);
  const inside = (box: SceneNode): readonly SceneNode[] => nodes.filter(({ parent }) => parent === box.id);
  const fromTop = (list: readonly SceneNode[]): readonly SceneNode[] => list.toSorted((a, b) => a.y - b.y);
  return fromTop(nodes.filter(({ kind }) => kind === 'task'))
    .map((box) => `${text(box)}: ${fromTop(inside(box)).map(text).join(' ')}`)
    .join('\n');
}

/** No two nodes of one container cover each other, and each lies in its container. */
function expectTidy({ nodes }: Scene): void {
  for (const a of nodes) {
    const box = nodes[a.parent] ?? a;
    expect([a.y >= box.y, a.y + a.h <= box.y + box.h], a.label).toEqual([true, true]);
    const covering = nodes.filter(
      (b) => b.id !== a.id && b.parent === a.parent && b.y < a.y + a.h && a.y < b.y + b.h,
    );
    expect(covering, a.label).toEqual([]);
  }
}

describe('a world that changes while it is walked', () => {
  const before = world({ pid: 1, fds: [0, 1, 255] }, { pid: 9, fds: [0, 1] });

  test('open: the new fd stands between its neighbours, and everything has room from the beginning', () => {
    const film = new SceneFilm(before);
    film.take(5, world({ pid: 1, fds: [0, 1, 3, 255] }, { pid: 9, fds: [0, 1] }));
    const scene = film.finish();
    expect(at(scene, 4)).toBe('p1: 0 1 (3) 255\np9: 0 1');
    expect(at(scene, 5)).toBe('p1: 0 1 3 255\np9: 0 1');
    expectTidy(scene);
  });

  test('close, then the same fd again: one place, there, gone and there again', () => {
    const film = new SceneFilm(before);
    film.take(5, world({ pid: 1, fds: [0, 255] }, { pid: 9, fds: [0, 1] }));
    film.take(7, before);
    const scene = film.finish();
    expect(scene.nodes).toHaveLength(before.nodes.length);
    expect([4, 6, 8].map((call) => at(scene, call).split('\n')[0])).toEqual([
      'p1: 0 1 255',
      'p1: 0 (1) 255',
      'p1: 0 1 255',
    ]);
  });

  test('exit and fork: the gone process keeps its place, the new one comes in by its pid', () => {
    const film = new SceneFilm(before);
    film.take(2, world({ pid: 9, fds: [0, 1] }));
    film.take(3, world({ pid: 5, fds: [0, 7] }, { pid: 9, fds: [0, 1] }));
    const scene = film.finish();
    expect(at(scene, 3)).toBe('(p1): (0) (1) (255)\np5: 0 7\np9: 0 1');
    expectTidy(scene);
  });

  test('nothing that is drawn changes its order when more comes', () => {
    const film = new SceneFilm(before);
    film.take(2, world({ pid: 1, fds: [0, 1, 4, 5, 6, 255, 300] }, { pid: 9, fds: [0, 1, 2] }));
    film.take(3, world({ pid: 1, fds: [0, 255, 300] }, { pid: 9, fds: [0, 1, 2, 3] }, { pid: 10, fds: [8] }));
    const scene = film.finish();
    expect(at(scene, 3)).toBe('p1: 0 (1) (4) (5) (6) 255 300\np9: 0 1 2 3\np10: 8');
    expectTidy(scene);
  });

  test('what a node says is kept with the call from which on it says it', () => {
    const film = new SceneFilm(before);
    film.take(5, world({ pid: 1, fds: [0, 1] }, { pid: 9, fds: [0, 1] }));
    expect(film.finish().changes?.rows.find(({ detail }) => detail === '2 files')).toMatchObject({
      call: 5,
      id: 0,
    });
  });
});
