/** What the attach bar sends for each target. */
import { beforeEach, expect, test } from 'vitest';

import { useStore } from './store.ts';
import { mapOf, paramsOf, paramsProblem, sameParams } from './target_params.ts';

const begin = useStore.getState();
beforeEach(() => useStore.setState(begin, true));

const program = (target: string) => {
  useStore.setState({
    prog: 'dump',
    check: {
      stage: 'done',
      diagnostics: [],
      verdict: null,
      programs: [{ name: 'dump', section: `iter/${target}`, target, insns: [], ctxType: '' }],
      maps: [
        { name: 'peers', type: 'sockhash', targets: ['sockmap'] },
        { name: 'scores', type: 'hash', targets: ['bpf_map_elem'] },
        { name: 'levels', type: 'array', targets: ['bpf_map_elem'] },
      ],
    },
  });
  return { params: () => paramsOf(useStore.getState()), problem: () => paramsProblem(useStore.getState()) };
};

test('a choice of tasks is sent to task targets only, and is no problem for others', () => {
  useStore.getState().setAttach({ filter: 'pid', filterId: '812' });
  expect(program('task_file').params()).toEqual({ attach: { pid: 812 } });
  expect(program('bpf_map').params()).toEqual({ attach: {} });
  useStore.getState().setAttach({ filterId: 'httpd' });
  expect(program('task').problem()).not.toBe('');
  expect(program('ksym').problem()).toBe('');
});

test('a map element iterator gets a map of the program, and as many elements as asked for', () => {
  const { params, problem } = program('bpf_map_elem');
  expect(params()).toEqual({ attach: { map: 'scores' }, fill: [['scores', 8]] });
  useStore.getState().setAttach({ map: 'levels', fill: '0' });
  expect(params()).toEqual({ attach: { map: 'levels' } });
  useStore.getState().setAttach({ map: 'gone' });
  expect(mapOf(useStore.getState())).toBe('scores');
  useStore.getState().setAttach({ fill: '-3' });
  expect(problem()).not.toBe('');
});

test('a map of sockets is for the target that walks such maps, and is not filled', () => {
  expect(program('sockmap').params()).toEqual({ attach: { map: 'peers' } });
  expect(program('bpf_sk_storage_map').params()).toEqual({ attach: {} });
});

test('a cgroup is named by its path or by its id, and an order always goes with it', () => {
  const { params } = program('cgroup');
  expect(params()).toEqual({ attach: { order: 'pre' } });
  useStore.getState().setAttach({ cgroup: ' system.slice ', order: 'post' });
  expect(params()).toEqual({ attach: { cgroup: 'system.slice', order: 'post' } });
  useStore.getState().setAttach({ cgroup: '77' });
  const byId = params();
  expect(byId).toEqual({ attach: { cgroupId: '77', order: 'post' } });
  expect(sameParams(byId, params())).toBe(true);
  useStore.getState().setAttach({ order: 'up' });
  expect(sameParams(byId, params())).toBe(false);
});

test('a target of kernel code that the user wrote may be asked for a task', () => {
  useStore.getState().setAttach({ filter: 'pid', filterId: '812' });
  useStore.setState({ module: { path: 'mine.c', text: '' } });
  expect(program('mine').params()).toEqual({ attach: { pid: 812 } });
  expect(program('cgroup').params()).toEqual({ attach: { order: 'pre' } });
});
