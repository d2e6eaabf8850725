/**
 * `bpftool gen skeleton`: a header of C that knows an object's programs, maps and globals by name.
 *
 *     prog.bpf.o -> prog.skel.h: struct prog { obj, maps, progs, links, bss, data, rodata }, prog__open() ...
 *
 * The object's bytes do not stand in the text: C refers to them by a name that the linker fills in.
 */
import type { Bytes } from '../../shared/brand.ts';
import { typeText } from '../btf/dump.ts';
import { sizeOf } from '../btf/layout.ts';
import { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { BpfMapSpec, BpfObject } from '../libbpf/object.ts';
import { openObject } from '../libbpf/open.ts';

export interface Skeleton {
  /** What #include names. */
  readonly header: string;
  readonly text: string;
  /** The name of the object's bytes in C, and they. */
  readonly blob: string;
  readonly bytes: Uint8Array;
}

/** `.rodata.str1.1` -> `rodata_str1_1` */
const identifier = (name: string): string => name.replace(/^\./, '').replace(/[^A-Za-z0-9_]/g, '_');

/** The name of a file's skeleton: `task_walk.bpf.o` -> `task_walk`, as bpftool derives it with `name`. */
export const skeletonName = (path: string): string =>
  identifier(path.replace(/^.*\//, '').replace(/(\.bpf)?\.o$/, ''));

/** Maps of global data have a member of the skeleton to themselves. */
const isData = (map: BpfMapSpec): boolean => map.initial !== null && map.origin !== 'kconfig';

/** The member that a map is: a user's map its name, global data its section. */
const memberOf = (map: BpfMapSpec): string => identifier(map.origin === 'maps' ? map.name : map.section);

/** Variables of a section in order of place, with what lies between them. */
function sectionStruct(name: string, btf: Btf, map: BpfMapSpec): string {
  const section = btf.type(btf.find(map.section, Kind.DATASEC));
  const lines: string[] = [];
  let at: Bytes = 0;
  const vars = section.kind === Kind.DATASEC ? section.vars : [];
  for (const { type, offset } of vars.toSorted((a, b) => a.offset - b.offset)) {
    const variable = btf.type(type);
    // Static variables of functions (`dump.___fmt`) have names that C cannot say.
    if (variable.kind !== Kind.VAR || variable.name.includes('.') || variable.linkage === 0) continue;
    if (offset > at) lines.push(`\t\tchar __pad${lines.length}[${offset - at}];`);
    lines.push(`\t\t${typeText(btf, unqualified(btf, variable.type), variable.name)};`);
    at = offset + sizeOf(btf, variable.type);
  }
  return `\tstruct ${name}__${memberOf(map)} {\n${lines.join('\n')}${lines.length > 0 ? '\n' : ''}\t} *${memberOf(map)};`;
}

/** const and volatile of the program do not bind user space. */
function unqualified(btf: Btf, id: number): number {
  for (let at = id; ;) {
    const type = btf.type(at);
    if (type.kind !== Kind.CONST && type.kind !== Kind.VOLATILE) return at;
    at = type.type;
  }
}

function headerText(name: string, blob: string, size: Bytes, object: BpfObject): string {
  const programs = object.programs.filter((program) => !program.subprog);
  const { maps } = object;
  const btf = object.btfForKernel ? Btf.parse(object.btfForKernel) : null;
  const group = (type: string, members: readonly string[], member: string): string =>
    members.length === 0
      ? ''
      : `\tstruct {\n${members.map((each) => `\t\t${type} *${each};`).join('\n')}\n\t} ${member};\n`;
  const data = btf ? maps.filter(isData).map((map) => sectionStruct(name, btf, map)) : [];
  const mapLines = maps.map(
    (map, i) =>
      `\ts->maps[${i}].name = "${map.name}";\n\ts->maps[${i}].map = &obj->maps.${memberOf(map)};` +
      (btf && isData(map) ? `\n\ts->maps[${i}].mmaped = (void **)&obj->${memberOf(map)};` : ''),
  );
  const progLines = programs.map(
    (program, i) =>
      `\ts->progs[${i}].name = "${program.name}";\n\ts->progs[${i}].prog = &obj->progs.${program.name};\n` +
      `\ts->progs[${i}].link = &obj->links.${program.name};`,
  );
  return `/* Made from the object. */
#ifndef __${name.toUpperCase()}_SKEL_H__
#define __${name.toUpperCase()}_SKEL_H__

#include <errno.h>
#include <stdlib.h>
#include <bpf/libbpf.h>

struct ${name} {
	struct bpf_object_skeleton *skeleton;
	struct bpf_object *obj;
${group('struct bpf_map', maps.map(memberOf), 'maps')}${group(
    'struct bpf_program',
    programs.map((program) => program.name),
    'progs',
  )}${group(
    'struct bpf_link',
    programs.map((program) => program.name),
    'links',
  )}${data.join('\n')}${data.length > 0 ? '\n' : ''}};

extern const unsigned char ${blob}[];

static inline const void *${name}__elf_bytes(size_t *sz)
{
	*sz = ${size};
	return ${blob};
}

static void ${name}__destroy(struct ${name} *obj)
{
	if (!obj)
		return;
	if (obj->skeleton)
		bpf_object__destroy_skeleton(obj->skeleton);
	free(obj);
}

static inline int ${name}__create_skeleton(struct ${name} *obj)
{
	struct bpf_object_skeleton *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	obj->skeleton = s;
	s->sz = sizeof(*s);
	s->name = "${name}";
	s->obj = &obj->obj;
	s->map_cnt = ${maps.length};
	s->map_skel_sz = sizeof(*s->maps);
	s->maps = calloc(s->map_cnt + 1, s->map_skel_sz);
${mapLines.join('\n')}
	s->prog_cnt = ${programs.length};
	s->prog_skel_sz = sizeof(*s->progs);
	s->progs = calloc(s->prog_cnt + 1, s->prog_skel_sz);
${progLines.join('\n')}
	s->data = ${name}__elf_bytes(&s->data_sz);
	return 0;
}

static inline struct ${name} *${name}__open_opts(const struct bpf_object_open_opts *opts)
{
	struct ${name} *obj = calloc(1, sizeof(*obj));
	int err;
	if (!obj) {
		errno = ENOMEM;
		return NULL;
	}
	err = ${name}__create_skeleton(obj);
	if (!err)
		err = bpf_object__open_skeleton(obj->skeleton, opts);
	if (!err)
		return obj;
	${name}__destroy(obj);
	errno = -err;
	return NULL;
}

static inline struct ${name} *${name}__open(void)
{
	return ${name}__open_opts(NULL);
}

static inline int ${name}__load(struct ${name} *obj)
{
	return bpf_object__load_skeleton(obj->skeleton);
}

static inline struct ${name} *${name}__open_and_load(void)
{
	struct ${name} *obj = ${name}__open();
	int err;
	if (!obj)
		return NULL;
	err = ${name}__load(obj);
	if (err) {
		${name}__destroy(obj);
		errno = -err;
		return NULL;
	}
	return obj;
}

static inline int ${name}__attach(struct ${name} *obj)
{
	return bpf_object__attach_skeleton(obj->skeleton);
}

static inline void ${name}__detach(struct ${name} *obj)
{
	bpf_object__detach_skeleton(obj->skeleton);
}
#endif
`;
}

/** The skeleton of an object; one that cannot be opened has an empty one, whose use is then an error of C. */
export function skeletonOf(path: string, bytes: Uint8Array): Skeleton {
  const name = skeletonName(path);
  const blob = `__${name}_elf_bytes`;
  const opened = openObject(bytes, { path, name });
  return {
    header: `${path.replace(/^.*\//, '').replace(/(\.bpf)?\.o$/, '')}.skel.h`,
    text: opened.ok ? headerText(name, blob, bytes.length, opened.object) : '',
    blob,
    bytes,
  };
}
