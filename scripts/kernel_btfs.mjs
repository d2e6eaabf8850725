/**
 * Lays every shipped world out by the BTF of other Debian kernels, and walks it there.
 *
 *     node scripts/kernel_btfs.mjs [PACKAGE...]          default: the newest 6.1 and 6.12 that apt offers
 *
 * Downloads kernel packages with apt-get into .cache/kernels, takes the BTF out of their vmlinuz, and runs an
 * example over each world with --btf. Roles that a BTF lacks are printed by name. Needs apt-get, dpkg-deb,
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
const EXAMPLES = ['task', 'task_file', 'task_vma', 'cgroup', 'tcp', 'udp', 'unix', 'netlink'];
/** What an example's link needs. */
const WORDS = { cgroup: ['--order', 'pre'] };
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

let failed = 0;
const packages = process.argv.slice(2);
for (const name of packages.length > 0 ? packages : SERIES.map(newest)) {
  const btf = btfOf(name);
  const size = readFileSync(btf).length;
  console.log(`${name}: BTF of ${(size / 2 ** 20).toFixed(1)} MiB`);
  for (const world of worlds) {
    const laid = iterscope('world', world, '--btf', btf, '--json');
    const complaints = new Set(laid.status === 0 ? [] : [laid.stderr.trim()]);
    for (const example of laid.status === 0 ? EXAMPLES : []) {
      const path = join(root, 'app', 'examples', `${example}.bpf.c`);
      const run = iterscope('run', path, '--world', world, '--btf', btf, ...(WORDS[example] ?? []));
      if (run.status !== 0)
        complaints.add(`${example}: ${run.stderr.trim().split('\n').slice(0, 4).join(' | ')}`);
    }
    failed += complaints.size;
    console.log(
      `  ${world}: ${complaints.size === 0 ? `laid out, and ${EXAMPLES.length} targets walked` : ''}`,
    );
    for (const complaint of complaints) console.log(`    ${complaint}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
