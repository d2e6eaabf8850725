/**
 * A BTF that was loaded: struct btf with a copy of the blob, an id and a reference count.
 *
 *     btf.data -> [ header | type [1] | type [2] | ... | strings ]
 *                   btf.hdr  ^ btf.types[1]              ^ btf.strings
 *
 * The kernel's own types have no copy here: programs that load know them by CO-RE, and megabytes are many.
 *
 * Source: btf_new_fd, btf_parse, kernel/bpf/btf.c, Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import type { Btf } from '../btf/parse.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { View } from '../kernel/view.ts';
import { Registry } from './registry.ts';

/** Members of struct btf_header behind its magic, in order: a word each. */
const HEADER_WORDS = ['hdr_len', 'type_off', 'type_len', 'str_off', 'str_len'] as const;
/** magic, version, flags */
const HEADER_START = 4;
/** struct btf_type for void, in front of all. */
const VOID_TYPE = 12;

/** Every BTF that was loaded and is alive. */
export const btfsByAddr = new Registry<BtfObject>('BTF');

export class BtfObject {
  readonly kernel: Kernel;
  readonly id: number;
  readonly types: Btf;
  /** struct btf */
  readonly view: View;
  /** What goes with it. */
  private readonly owned: Addr[] = [];

  constructor(kernel: Kernel, id: number, types: Btf, name: string, isKernel: boolean) {
    this.kernel = kernel;
    this.id = id;
    this.types = types;
    this.view = kernel.alloc('btf');
    this.view.set('id', id);
    this.view.trySet('data_size', types.raw.length);
    this.view.trySet('start_id', types.start);
    this.view.trySet('nr_types', types.end - types.start);
    this.view.trySet('kernel_btf', isKernel ? 1 : 0);
    if (this.view.has('name')) this.view.setStr('name', name);
    this.view.set('refcnt', 1);
    this.setHeader();
    if (!isKernel) this.copyBlob(kernel);
    btfsByAddr.add(this);
  }

  private setHeader(): void {
    const { raw } = this.types;
    const words = new DataView(raw.buffer, raw.byteOffset);
    this.view.trySet('hdr.magic', words.getUint16(0, true));
    this.view.trySet('hdr.version', words.getUint8(2));
    HEADER_WORDS.forEach((name, i) =>
      this.view.trySet(`hdr.${name}`, words.getUint32(HEADER_START + i * 4, true)),
    );
  }

  /** @kernel btf_parse_hdr, btf_add_type, kernel/bpf/btf.c @fidelity partial: sizes that were resolved are not kept */
  private copyBlob(kernel: Kernel): void {
    const { view, types } = this;
    const { mem } = kernel;
    const data = this.own(mem.alloc(types.raw.length));
    mem.setBytes(data, types.raw);
    const start = data + BigInt(view.num('hdr.hdr_len'));
    view.trySet('data', data);
    view.trySet('nohdr_data', start);
    view.trySet('strings', start + view.big('hdr.str_off'));
    const list = this.own(mem.alloc(types.end * 8));
    mem.setU64(list, this.own(mem.alloc(VOID_TYPE)));
    for (let id = types.start; id < types.end; id++) {
      const type = kernel.view('btf_type', data + BigInt(types.offsetOf(id)));
      mem.setU64(list + BigInt(id * 8), type.addr);
    }
    if (types.end > types.start) kernel.view('btf_type', mem.u64(list + 8n)).at('name_off');
    view.trySet('types', list);
  }

  private own(addr: Addr): Addr {
    this.owned.push(addr);
    return addr;
  }

  get addr(): Addr {
    return this.view.addr;
  }
  get name(): string {
    return this.view.str('name');
  }

  free(): void {
    btfsByAddr.remove(this);
    for (const addr of this.owned) this.view.mem.release(addr);
    this.view.mem.release(this.view.addr);
  }
}
