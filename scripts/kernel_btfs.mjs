/**
 * Lays every shipped world out by the BTF of other Debian kernels, and walks each target there: what examples
 * print does not depend on the layout.
 *
 *     node scripts/kernel_btfs.mjs [PACKAGE...]          default: the newest 6.1 and 6.12 that apt offers
 *
 * Downloads kernel packages with apt-get into .cache/kernels, takes the BTF out of their vmlinuz, and runs the
 * examples with --btf. Structs and fields that a BTF lacks are printed by name. Needs apt-get, dpkg-deb,
 * xz, zstd or gzip (whichever the kernel was packed with) and objcopy or llvm-objcopy.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, '.cache', 'kernels');
mkdirSync(cache, { recursive: true });
const SERIES = ['6.1', '6.12'];
/** Each target's example, the world in which it has something to walk, and what its link needs. */
const TARGETS = [
  ['task', 'demo'],
  ['task_file', 'demo'],
  ['task_vma', 'demo'],
  ['bpf_map', 'demo'],
  ['bpf_prog', 'demo'],
  ['bpf_link', 'demo'],
  ['bpf_map_elem', 'demo', '--map', 'scores'],
  ['ksym', 'demo'],
  ['cgroup', 'containers', '--order', 'pre'],
  ['tcp', 'sockets'],
  ['udp', 'sockets'],
  ['unix', 'sockets'],
  ['netlink', 'sockets'],
  ['ipv6_route', 'sockets'],
  ['sockmap', 'sockets', '--map', 'proxied'],
  ['bpf_sk_storage_map', 'sockets', '--map', 'sk_bytes'],
];
const MOST = { maxBuffer: 1 << 30 };

/** The newest package of a series: its names sort like versions when numbers are compared as numbers. */
function newest(series) {
  const list = execFileSync('apt-cache', ['search', '--names-only', `^linux-image-${series}[.].*-amd64$`], {
    encoding: 'utf8',
  });
  const names = list.split('\n').map((line) => line.split(' ')[0]);
  const plain = names.filter((name) => /^linux-image-[\d.+deb-]+-amd64$/.test(name));
  return plain.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
}

function download(name) {
  const have = () => readdirSync(cache).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'));
  if (!have())
    execFileSync('apt-get', ['download', '-q', name], { cwd: cache, stdio: ['ignore', 'ignore', 'inherit'] });
  return join(cache, have());
}

/** How a vmlinuz may be packed: where the payload begins, and who unpacks it. */
const PACKINGS = [
  [Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), 'xz'],
  [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), 'zstd'],
  [Buffer.from([0x1f, 0x8b, 0x08]), 'gzip'],
];

/** The ELF image in a vmlinuz. What follows the payload is no part of it, so the unpacker may grumble. */
function unpack(vmlinuz) {
  for (const [magic, tool] of PACKINGS)
    for (let at = vmlinuz.indexOf(magic); at >= 0; at = vmlinuz.indexOf(magic, at + 1)) {
      const { stdout } = spawnSync(tool, ['-dcq'], { input: vmlinuz.subarray(at), ...MOST });
      if (stdout?.subarray(0, 4).equals(Buffer.from('\x7fELF'))) return stdout;
    }
  throw new Error('no kernel image was found in this vmlinuz');
}

function btfOf(name) {
  const out = join(cache, `${name}.btf`);
  if (existsSync(out)) return out;
  const files = execFileSync('dpkg-deb', ['--fsys-tarfile', download(name)], MOST);
  const boot = name.replace('linux-image-', './boot/vmlinuz-');
  const vmlinuz = execFileSync('tar', ['-xO', boot], { input: files, ...MOST });
  const image = join(cache, 'vmlinux');
  writeFileSync(image, unpack(vmlinuz));
  const tool = ['objcopy', 'llvm-objcopy', 'llvm-objcopy-19'].find(
    (each) => spawnSync(each, ['--version']).status === 0,
  );
  if (!tool) throw new Error('neither objcopy nor llvm-objcopy is installed');
  execFileSync(tool, ['--dump-section', `.BTF=${out}`, image, join(cache, 'rest')], { stdio: 'inherit' });
  return out;
}

const worlds = readdirSync(join(root, 'app', 'worlds')).map((file) => file.replace(/\.json$/, ''));
const iterscope = (...words) =>
  spawnSync(process.execPath, [join(root, 'bin', 'iterscope.mjs'), ...words], { encoding: 'utf8', ...MOST });

/** What a failed command said, without what its build may have printed before. */
const complaint = ({ stderr }) =>
  stderr
    .split('\n')
    .filter((line) => /error:|iterscope:/.test(line))
    .slice(0, 3)
    .join(' | ');

function walk([target, world, ...words], ...more) {
  const path = join(root, 'app', 'examples', `${target}.bpf.c`);
  return iterscope('run', path, '--world', world, ...words, ...more);
}

/**
 * What every layout prints alike. Its own are addresses, and a program's tag: it is the sum of instructions that
 * CO-RE has given this kernel's offsets.
 */
const text = ({ stdout }) =>
  stdout.replace(/bpf_prog_[0-9a-f]{16}/g, 'bpf_prog_TAG').replace(/\b(?:0x)?[0-9a-f]{16}\b/g, 'ADDRESS');
/** Tables hashed by addresses of objects: UNIX sockets without a name, netlink sockets by their namespace, storages. */
const BY_ADDRESS = ['unix', 'netlink', 'bpf_sk_storage_map'];
const sorted = (lines) => lines.split('\n').sort().join('\n');

/** A kernel without a struct that a walk cannot do without refuses the target, by the struct's name. */
const LACKS = /is not in this kernel's BTF|has no field/;

const ours = new Map(TARGETS.map((target) => [target[0], text(walk(target))]));
let failed = 0;
const packages = process.argv.slice(2);
for (const name of packages.length > 0 ? packages : SERIES.map(newest)) {
  const btf = btfOf(name);
  console.log(`${name}: BTF of ${(readFileSync(btf).length / 2 ** 20).toFixed(1)} MiB`);
  const refused = worlds.map((world) => [world, iterscope('world', world, '--btf', btf, '--json')]);
  for (const [world, laid] of refused.filter(([, { status }]) => status !== 0)) {
    failed++;
    console.log(`  ${world}: ${complaint(laid)}`);
  }
  console.log(
    `  worlds laid out: ${refused.filter(([, { status }]) => status === 0).length} of ${worlds.length}`,
  );
  const same = [];
  const reordered = [];
  for (const target of TARGETS) {
    const run = walk(target, '--btf', btf);
    const said = complaint(run);
    const [printed, wanted] = [text(run), ours.get(target[0])];
    if (run.status === 0 && printed === wanted) same.push(target[0]);
    else if (run.status === 0 && BY_ADDRESS.includes(target[0]) && sorted(printed) === sorted(wanted))
      reordered.push(target[0]);
    else {
      const lacks = run.status !== 0 && LACKS.test(said);
      if (!lacks) failed++;
      console.log(`  ${target[0]}: ${lacks ? 'refused, ' : 'DIFFERS '}${said}`);
    }
  }
  console.log(`  the same output as with our own BTF: ${same.join(', ')}`);
  if (reordered.length > 0)
    console.log(`  the same lines in the order of other addresses: ${reordered.join(', ')}`);
}
process.exitCode = failed === 0 ? 0 : 1;
