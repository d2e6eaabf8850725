import { act, useStore } from '../store/store.ts';
import { CGROUP_ORDERS, mapOf, mapsFor, paramsProblem, targetOf } from '../store/target_params.ts';
import type { CgroupOrder } from '../store/target_params.ts';

/** What the target of the program is asked for besides tasks; most targets take nothing. */
export function TargetParams() {
  const target = useStore(targetOf);
  if (target === 'bpf_map_elem') return <MapChoice fills />;
  if (target === 'sockmap' || target === 'bpf_sk_storage_map') return <MapChoice fills={false} />;
  if (target === 'cgroup') return <CgroupChoice />;
  return null;
}

/** Which map is walked, and how many elements it gets before, if it can be filled. */
function MapChoice({ fills }: { readonly fills: boolean }) {
  const check = useStore((s) => s.check);
  const compiled = useStore((s) => s.compiled);
  const target = useStore(targetOf);
  const maps = mapsFor({ check, compiled }, target);
  const map = useStore(mapOf);
  const fill = useStore((s) => s.fill);
  const problem = useStore(paramsProblem);
  const { setAttach } = act();
  return (
    <>
      <label className="field shrinks">
        <span>Map</span>
        <select
          aria-label="Map"
          className="mono"
          value={map}
          disabled={maps.length === 0}
          onChange={(event) => setAttach({ map: event.target.value })}
        >
          {maps.length === 0 && <option value="">the program has none</option>}
          {maps.map(({ name, type }) => (
            <option key={name} value={name}>
              {name} · {type}
            </option>
          ))}
        </select>
      </label>
      {fills && (
        <label className="field">
          <span>Fill</span>
          <input
            className="mono pid-number"
            inputMode="numeric"
            aria-label="Elements to fill in"
            aria-invalid={problem !== ''}
            title={problem || 'Before the walk: key i, value (i + 1) · 1000'}
            value={fill}
            onChange={(event) => setAttach({ fill: event.target.value })}
          />
        </label>
      )}
    </>
  );
}

const ORDER_TEXT: Readonly<Record<CgroupOrder, string>> = {
  pre: 'parents first',
  post: 'children first',
  up: 'upwards',
  self: 'this one',
  children: 'from 7.0',
};

/** Where the walk starts, and in which order it goes. */
function CgroupChoice() {
  const cgroup = useStore((s) => s.cgroup);
  const order = useStore((s) => s.order);
  const paths = useStore((s) => s.summaries[s.world]?.cgroups);
  const { setAttach } = act();
  return (
    <>
      <label className="field">
        <span>From</span>
        <input
          className="mono cgroup-path"
          list="cgroups"
          aria-label="Cgroup to start from: a path or an id"
          placeholder="/"
          title="A path below /sys/fs/cgroup, or the id of a cgroup; nothing: the root"
          value={cgroup}
          onChange={(event) => setAttach({ cgroup: event.target.value })}
        />
        <datalist id="cgroups">
          {paths?.map((path) => (
            <option key={path}>{path}</option>
          ))}
        </datalist>
      </label>
      <label className="field shrinks">
        <span>Order</span>
        <select
          aria-label="Order"
          value={order}
          onChange={(event) => setAttach({ order: event.target.value as CgroupOrder })}
        >
          {CGROUP_ORDERS.map((value) => (
            <option key={value} value={value}>
              {value}: {ORDER_TEXT[value]}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
