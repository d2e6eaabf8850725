/**
 * libbpf in C, as far as reader programs use it. What needs to know ELF and BTF is done by native functions, by
 * an object's handle; what libbpf keeps in memory - programs, maps, links - is kept here, in the process.
 */
export const LIBBPF_C = String.raw`
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { OBJECT_NAME, PROGRAM_NAME, PROGRAM_SECTION, MAP_NAME, MAP_PIN };
enum {
	PROGRAMS, MAPS, BTF_FD,
	PROGRAM_TYPE, PROGRAM_ATTACH, PROGRAM_AUTOLOAD, PROGRAM_INSNS, PROGRAM_FD,
	MAP_TYPE, MAP_KEY, MAP_VALUE, MAP_ENTRIES, MAP_FLAGS, MAP_AUTOCREATE, MAP_INTERNAL, MAP_INITIAL, MAP_FD,
};

extern int __bpf_open_file(const char *path, const char *name);
extern int __bpf_open_mem(const void *bytes, size_t size, const char *name);
extern int __bpf_text(int object, int what, int index, char *to, size_t size);
extern long __bpf_value(int object, int what, int index);
extern int __bpf_set(int object, int what, int index, long value);
extern int __bpf_initial(int object, int index, void *to);
extern int __bpf_set_initial(int object, int index, const void *from, size_t size);
extern int __bpf_load(int object, int log_level);
extern void __bpf_close(int object);
extern int __bpf_message(char *to, size_t size);

extern int __sys_bpf_map_create(const void *args);
extern int __sys_bpf_map_update(int fd, const void *key, const void *value, __u64 flags);
extern int __sys_bpf_map_lookup(int fd, const void *key, void *value, __u64 flags);
extern int __sys_bpf_map_take(int fd, const void *key, void *value);
extern int __sys_bpf_map_delete(int fd, const void *key);
extern int __sys_bpf_map_next(int fd, const void *key, void *next);
extern int __sys_bpf_map_freeze(int fd);
extern int __sys_bpf_pin(int fd, const char *path);
extern int __sys_bpf_get(const char *path, int flags);
extern int __sys_bpf_link_create(int prog_fd, int type, const void *info, __u32 length);
extern int __sys_bpf_iter_create(int link_fd);
extern int __sys_bpf_link_detach(int link_fd);
extern int __sys_bpf_link_update(int link_fd, int prog_fd, int flags, int old);
extern int __sys_bpf_next_id(int kind, __u32 start);
extern int __sys_bpf_fd_by_id(int kind, __u32 id);
extern int __sys_bpf_info(int fd, void *info, __u32 *length);
extern int __ringbuf_next(int fd, void *to, size_t size);

/* Errors: a negative number, and errno. */

static int err(int result)
{
	if (result < 0)
		errno = -result;
	return result;
}

static void *err_ptr(int result)
{
	errno = -result;
	return NULL;
}

/* Messages. */

static int to_stderr(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, args);
}
static libbpf_print_fn_t print = to_stderr;

libbpf_print_fn_t libbpf_set_print(libbpf_print_fn_t fn)
{
	libbpf_print_fn_t old = print;
	print = fn;
	return old;
}

static void say(enum libbpf_print_level level, const char *format, ...)
{
	int saved = errno;
	va_list args;
	va_start(args, format);
	if (print)
		print(level, format, args);
	va_end(args);
	errno = saved;
}
#define warn(...) say(LIBBPF_WARN, "libbpf: " __VA_ARGS__)

/* What the native side had to say since it was last asked. */
static void say_messages(void)
{
	static char line[65536];
	while (__bpf_message(line, sizeof(line)) >= 0)
		warn("%s\n", line);
}

int libbpf_strerror(int number, char *buf, size_t size)
{
	number = number < 0 ? -number : number;
	if (number < __LIBBPF_ERRNO__START) {
		snprintf(buf, size, "%s", strerror(number));
		return 0;
	}
	snprintf(buf, size, "Unknown libbpf error %d", number);
	return number < __LIBBPF_ERRNO__END ? 0 : err(-ENOENT);
}

long libbpf_get_error(const void *ptr) { return ptr ? 0 : -errno; }
int libbpf_set_strict_mode(enum libbpf_strict_mode mode) { (void)mode; return 0; }
__u32 libbpf_major_version(void) { return LIBBPF_MAJOR_VERSION; }
__u32 libbpf_minor_version(void) { return LIBBPF_MINOR_VERSION; }
const char *libbpf_version_string(void) { return "v1.5"; }
int libbpf_num_possible_cpus(void) { return 1; }

const char *libbpf_bpf_prog_type_str(enum bpf_prog_type type)
{
	return type == BPF_PROG_TYPE_TRACING ? "tracing" : type == BPF_PROG_TYPE_UNSPEC ? "unspec" : NULL;
}

const char *libbpf_bpf_map_type_str(enum bpf_map_type type)
{
	static const char *const names[] = {
		"unspec", "hash", "array", "prog_array", "perf_event_array", "percpu_hash", "percpu_array", "stack_trace",
		"cgroup_array", "lru_hash", "lru_percpu_hash", "lpm_trie", "array_of_maps", "hash_of_maps", "devmap",
		"sockmap", "cpumap", "xskmap", "sockhash", "cgroup_storage", "reuseport_sockarray",
		"percpu_cgroup_storage", "queue", "stack", "sk_storage", "devmap_hash", "struct_ops", "ringbuf",
		"inode_storage", "task_storage", "bloom_filter", "user_ringbuf", "cgrp_storage", "arena",
	};
	return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

/* bpf(2). */

int bpf_map_create(enum bpf_map_type type, const char *name, __u32 key_size, __u32 value_size, __u32 max_entries,
		   const struct bpf_map_create_opts *opts)
{
	unsigned long args[] = {
		type, (unsigned long)name, key_size, value_size, max_entries,
		opts ? opts->map_flags : 0, opts ? opts->inner_map_fd : 0, opts ? opts->map_extra : 0,
		opts ? opts->btf_fd : 0, opts ? opts->btf_key_type_id : 0, opts ? opts->btf_value_type_id : 0,
	};
	return err(__sys_bpf_map_create(args));
}
int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags) { return err(__sys_bpf_map_update(fd, key, value, flags)); }
int bpf_map_lookup_elem(int fd, const void *key, void *value) { return err(__sys_bpf_map_lookup(fd, key, value, 0)); }
int bpf_map_lookup_elem_flags(int fd, const void *key, void *value, __u64 flags) { return err(__sys_bpf_map_lookup(fd, key, value, flags)); }
int bpf_map_lookup_and_delete_elem(int fd, const void *key, void *value) { return err(__sys_bpf_map_take(fd, key, value)); }
int bpf_map_delete_elem(int fd, const void *key) { return err(__sys_bpf_map_delete(fd, key)); }
int bpf_map_get_next_key(int fd, const void *key, void *next_key) { return err(__sys_bpf_map_next(fd, key, next_key)); }
int bpf_map_freeze(int fd) { return err(__sys_bpf_map_freeze(fd)); }
int bpf_obj_pin(int fd, const char *path) { return err(__sys_bpf_pin(fd, path)); }
int bpf_obj_get(const char *path) { return err(__sys_bpf_get(path, 0)); }
int bpf_iter_create(int link_fd) { return err(__sys_bpf_iter_create(link_fd)); }
int bpf_link_detach(int link_fd) { return err(__sys_bpf_link_detach(link_fd)); }
int bpf_link_update(int link_fd, int new_prog_fd, const struct bpf_link_update_opts *opts)
{
	return err(__sys_bpf_link_update(link_fd, new_prog_fd, opts ? opts->flags : 0, opts ? opts->old_prog_fd : 0));
}

enum { PROG, MAP, BTF, LINK };
static int next_id(int kind, __u32 start, __u32 *next)
{
	int id = __sys_bpf_next_id(kind, start);
	if (id < 0)
		return err(id);
	*next = id;
	return 0;
}
int bpf_prog_get_next_id(__u32 start_id, __u32 *next) { return next_id(PROG, start_id, next); }
int bpf_map_get_next_id(__u32 start_id, __u32 *next) { return next_id(MAP, start_id, next); }
int bpf_btf_get_next_id(__u32 start_id, __u32 *next) { return next_id(BTF, start_id, next); }
int bpf_link_get_next_id(__u32 start_id, __u32 *next) { return next_id(LINK, start_id, next); }
int bpf_prog_get_fd_by_id(__u32 id) { return err(__sys_bpf_fd_by_id(PROG, id)); }
int bpf_map_get_fd_by_id(__u32 id) { return err(__sys_bpf_fd_by_id(MAP, id)); }
int bpf_btf_get_fd_by_id(__u32 id) { return err(__sys_bpf_fd_by_id(BTF, id)); }
int bpf_link_get_fd_by_id(__u32 id) { return err(__sys_bpf_fd_by_id(LINK, id)); }
int bpf_obj_get_info_by_fd(int fd, void *info, __u32 *length) { return err(__sys_bpf_info(fd, info, length)); }
int bpf_prog_get_info_by_fd(int fd, struct bpf_prog_info *info, __u32 *length) { return bpf_obj_get_info_by_fd(fd, info, length); }
int bpf_map_get_info_by_fd(int fd, struct bpf_map_info *info, __u32 *length) { return bpf_obj_get_info_by_fd(fd, info, length); }
int bpf_link_get_info_by_fd(int fd, struct bpf_link_info *info, __u32 *length) { return bpf_obj_get_info_by_fd(fd, info, length); }

/* Objects. */

struct bpf_program {
	struct bpf_object *obj;
	int index;
	bool autoattach;
	char name[128];
	char section[128];
};
struct bpf_map {
	struct bpf_object *obj;
	int index;
	void *mapped;
	size_t mapped_size;
	char *pin_path;
	char name[64];
};
struct bpf_link {
	int fd;
	bool disconnected;
	char *pin_path;
};
struct bpf_object {
	int handle;
	bool loaded;
	char name[64];
	int programs, maps;
	struct bpf_program *program;
	struct bpf_map *map;
};

static size_t whole_pages(size_t size) { return (size + 4095) & ~4095ul; }

/* Global data is in memory of the process before it is in a map: settings are written there. */
static int map_initial(struct bpf_map *map)
{
	int handle = map->obj->handle;
	long size = __bpf_value(handle, MAP_INITIAL, map->index);
	if (size <= 0)
		return 0;
	map->mapped_size = size;
	map->mapped = mmap(NULL, whole_pages(size), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (map->mapped == MAP_FAILED)
		return -errno;
	return __bpf_initial(handle, map->index, map->mapped);
}

static struct bpf_object *opened(int handle)
{
	say_messages();
	if (handle < 0)
		return err_ptr(handle);
	struct bpf_object *obj = calloc(1, sizeof(*obj));
	obj->handle = handle;
	__bpf_text(handle, OBJECT_NAME, 0, obj->name, sizeof(obj->name));
	obj->programs = __bpf_value(handle, PROGRAMS, 0);
	obj->maps = __bpf_value(handle, MAPS, 0);
	obj->program = calloc(obj->programs + 1, sizeof(struct bpf_program));
	obj->map = calloc(obj->maps + 1, sizeof(struct bpf_map));
	for (int i = 0; i < obj->programs; i++) {
		struct bpf_program *prog = &obj->program[i];
		prog->obj = obj;
		prog->index = i;
		prog->autoattach = true;
		__bpf_text(handle, PROGRAM_NAME, i, prog->name, sizeof(prog->name));
		__bpf_text(handle, PROGRAM_SECTION, i, prog->section, sizeof(prog->section));
	}
	for (int i = 0; i < obj->maps; i++) {
		struct bpf_map *map = &obj->map[i];
		map->obj = obj;
		map->index = i;
		__bpf_text(handle, MAP_NAME, i, map->name, sizeof(map->name));
		map_initial(map);
	}
	return obj;
}

struct bpf_object *bpf_object__open_file(const char *path, const struct bpf_object_open_opts *opts)
{
	if (!path)
		return err_ptr(-EINVAL);
	return opened(__bpf_open_file(path, opts ? opts->object_name : NULL));
}
struct bpf_object *bpf_object__open(const char *path) { return bpf_object__open_file(path, NULL); }
struct bpf_object *bpf_object__open_mem(const void *buf, size_t size, const struct bpf_object_open_opts *opts)
{
	if (!buf || !size)
		return err_ptr(-EINVAL);
	return opened(__bpf_open_mem(buf, size, opts ? opts->object_name : NULL));
}

int bpf_object__load(struct bpf_object *obj)
{
	if (!obj)
		return err(-EINVAL);
	if (obj->loaded) {
		warn("object '%s': load can't be attempted twice\n", obj->name);
		return err(-EINVAL);
	}
	obj->loaded = true;
	for (int i = 0; i < obj->maps; i++)
		if (obj->map[i].mapped)
			__bpf_set_initial(obj->handle, i, obj->map[i].mapped, obj->map[i].mapped_size);
	int result = __bpf_load(obj->handle, 0);
	say_messages();
	if (result < 0)
		return err(result);
	for (int i = 0; i < obj->maps; i++) {
		struct bpf_map *map = &obj->map[i];
		if (!map->mapped)
			continue;
		int fd = bpf_map__fd(map);
		bool fixed = bpf_map__map_flags(map) & BPF_F_RDONLY_PROG;
		if (!(bpf_map__map_flags(map) & BPF_F_MMAPABLE))
			continue;
		mmap(map->mapped, whole_pages(map->mapped_size), fixed ? PROT_READ : PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, fd, 0);
	}
	return 0;
}

void bpf_object__close(struct bpf_object *obj)
{
	if (!obj)
		return;
	for (int i = 0; i < obj->maps; i++) {
		if (obj->map[i].mapped)
			munmap(obj->map[i].mapped, whole_pages(obj->map[i].mapped_size));
		free(obj->map[i].pin_path);
	}
	__bpf_close(obj->handle);
	free(obj->program);
	free(obj->map);
	free(obj);
}

const char *bpf_object__name(const struct bpf_object *obj) { return obj->name; }
int bpf_object__btf_fd(const struct bpf_object *obj) { return __bpf_value(obj->handle, BTF_FD, 0); }

struct bpf_program *bpf_object__find_program_by_name(const struct bpf_object *obj, const char *name)
{
	for (int i = 0; i < obj->programs; i++)
		if (!strcmp(obj->program[i].name, name))
			return &obj->program[i];
	return err_ptr(-ENOENT);
}
struct bpf_program *bpf_object__next_program(const struct bpf_object *obj, struct bpf_program *prog)
{
	int i = prog ? prog->index + 1 : 0;
	return i < obj->programs ? &obj->program[i] : NULL;
}
struct bpf_program *bpf_object__prev_program(const struct bpf_object *obj, struct bpf_program *prog)
{
	int i = (prog ? prog->index : obj->programs) - 1;
	return i >= 0 ? &obj->program[i] : NULL;
}
struct bpf_map *bpf_object__find_map_by_name(const struct bpf_object *obj, const char *name)
{
	for (int i = 0; i < obj->maps; i++) {
		struct bpf_map *map = &obj->map[i];
		const char *section = strchr(map->name, '.');
		if (!strcmp(map->name, name) || (name[0] == '.' && bpf_map__is_internal(map) && section && !strcmp(section, name)))
			return map;
	}
	return err_ptr(-ENOENT);
}
int bpf_object__find_map_fd_by_name(const struct bpf_object *obj, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, name);
	return map ? bpf_map__fd(map) : err(-ENOENT);
}
struct bpf_map *bpf_object__next_map(const struct bpf_object *obj, const struct bpf_map *map)
{
	int i = map ? map->index + 1 : 0;
	return i < obj->maps ? &obj->map[i] : NULL;
}
struct bpf_map *bpf_object__prev_map(const struct bpf_object *obj, const struct bpf_map *map)
{
	int i = (map ? map->index : obj->maps) - 1;
	return i >= 0 ? &obj->map[i] : NULL;
}

/* Pins. */

static int make_parent(const char *path)
{
	char *copy = strdup(path), *slash = strrchr(copy, '/');
	int result = 0;
	if (slash && slash != copy) {
		*slash = 0;
		int saved = errno;
		if (mkdir(copy, 0700) && errno != EEXIST && errno != EPERM)
			result = -errno;
		errno = saved;
	}
	free(copy);
	return result;
}

static bool is_bpffs(const char *path)
{
	return !strncmp(path, "/sys/fs/bpf/", 12);
}

static int pin(int fd, const char *path)
{
	if (!path)
		return -EINVAL;
	if (!is_bpffs(path)) {
		warn("specified path %s is not on BPF FS\n", path);
		return -EINVAL;
	}
	make_parent(path);
	return __sys_bpf_pin(fd, path);
}

/* Programs. */

static long program_value(const struct bpf_program *prog, int what) { return __bpf_value(prog->obj->handle, what, prog->index); }

const char *bpf_program__name(const struct bpf_program *prog) { return prog->name; }
const char *bpf_program__section_name(const struct bpf_program *prog) { return prog->section; }
int bpf_program__fd(const struct bpf_program *prog)
{
	if (!prog)
		return err(-EINVAL);
	int fd = program_value(prog, PROGRAM_FD);
	return fd < 0 ? err(-ENOENT) : fd;
}
enum bpf_prog_type bpf_program__type(const struct bpf_program *prog) { return program_value(prog, PROGRAM_TYPE); }
enum bpf_attach_type bpf_program__expected_attach_type(const struct bpf_program *prog) { return program_value(prog, PROGRAM_ATTACH); }
bool bpf_program__autoload(const struct bpf_program *prog) { return program_value(prog, PROGRAM_AUTOLOAD); }
int bpf_program__set_autoload(struct bpf_program *prog, bool autoload)
{
	return prog->obj->loaded ? err(-EINVAL) : __bpf_set(prog->obj->handle, PROGRAM_AUTOLOAD, prog->index, autoload);
}
bool bpf_program__autoattach(const struct bpf_program *prog) { return prog->autoattach; }
void bpf_program__set_autoattach(struct bpf_program *prog, bool autoattach) { prog->autoattach = autoattach; }
size_t bpf_program__insn_cnt(const struct bpf_program *prog) { return program_value(prog, PROGRAM_INSNS); }

int bpf_program__pin(struct bpf_program *prog, const char *path)
{
	int fd = bpf_program__fd(prog);
	if (fd < 0) {
		warn("can't pin program that wasn't loaded\n");
		return err(-EINVAL);
	}
	return err(pin(fd, path));
}
int bpf_program__unpin(struct bpf_program *prog, const char *path)
{
	(void)prog;
	return unlink(path) ? -errno : 0;
}

static struct bpf_link *attached(const struct bpf_program *prog, const void *info, __u32 length)
{
	int prog_fd = prog ? (int)program_value(prog, PROGRAM_FD) : -1;
	if (prog && prog_fd < 0) {
		warn("prog '%s': can't attach before loaded\n", prog->name);
		return err_ptr(-EINVAL);
	}
	struct bpf_link *link = calloc(1, sizeof(*link));
	if (!link)
		return err_ptr(-ENOMEM);
	link->fd = __sys_bpf_link_create(prog_fd, BPF_TRACE_ITER, info, length);
	if (link->fd < 0) {
		int error = link->fd;
		free(link);
		warn("prog '%s': failed to attach to iterator: %s\n", prog->name, strerror(-error));
		return err_ptr(error);
	}
	return link;
}

struct bpf_link *bpf_program__attach_iter(const struct bpf_program *prog, const struct bpf_iter_attach_opts *opts)
{
	if (opts && (opts->sz < sizeof(size_t) || opts->sz > sizeof(*opts)))
		return err_ptr(-EINVAL);
	return attached(prog, opts ? opts->link_info : NULL, opts ? opts->link_info_len : 0);
}

struct bpf_link *bpf_program__attach(const struct bpf_program *prog)
{
	if (strncmp(prog->section, "iter", 4))
		return err_ptr(-EOPNOTSUPP);
	return attached(prog, NULL, 0);
}

/* Links. */

int bpf_link__fd(const struct bpf_link *link) { return link->fd; }
const char *bpf_link__pin_path(const struct bpf_link *link) { return link->pin_path; }
void bpf_link__disconnect(struct bpf_link *link) { link->disconnected = true; }
int bpf_link__detach(struct bpf_link *link) { return bpf_link_detach(link->fd); }
int bpf_link__update_program(struct bpf_link *link, struct bpf_program *prog)
{
	int fd = bpf_program__fd(prog);
	return fd < 0 ? fd : bpf_link_update(link->fd, fd, NULL);
}

int bpf_link__destroy(struct bpf_link *link)
{
	if (!link)
		return 0;
	int result = link->fd >= 0 && close(link->fd) ? -errno : 0;
	free(link->pin_path);
	free(link);
	return result;
}

struct bpf_link *bpf_link__open(const char *path)
{
	int fd = __sys_bpf_get(path, 0);
	if (fd < 0) {
		warn("failed to open link at %s: %d\n", path, fd);
		return err_ptr(fd);
	}
	struct bpf_link *link = calloc(1, sizeof(*link));
	if (!link) {
		close(fd);
		return err_ptr(-ENOMEM);
	}
	link->fd = fd;
	link->pin_path = strdup(path);
	return link;
}

int bpf_link__pin(struct bpf_link *link, const char *path)
{
	if (link->pin_path)
		return err(-EBUSY);
	int result = pin(link->fd, path);
	if (result < 0)
		return err(result);
	link->pin_path = strdup(path);
	return 0;
}

int bpf_link__unpin(struct bpf_link *link)
{
	if (!link->pin_path)
		return err(-EINVAL);
	if (unlink(link->pin_path))
		return -errno;
	free(link->pin_path);
	link->pin_path = NULL;
	return 0;
}

/* Maps. */

static long map_value(const struct bpf_map *map, int what) { return __bpf_value(map->obj->handle, what, map->index); }
static int set_map(struct bpf_map *map, int what, long value)
{
	return map->obj->loaded ? err(-EBUSY) : err(__bpf_set(map->obj->handle, what, map->index, value));
}

int bpf_map__fd(const struct bpf_map *map)
{
	if (!map)
		return err(-EINVAL);
	return map->obj->loaded ? (int)map_value(map, MAP_FD) : -1;
}
const char *bpf_map__name(const struct bpf_map *map) { return map->name; }
enum bpf_map_type bpf_map__type(const struct bpf_map *map) { return map_value(map, MAP_TYPE); }
__u32 bpf_map__max_entries(const struct bpf_map *map) { return map_value(map, MAP_ENTRIES); }
__u32 bpf_map__key_size(const struct bpf_map *map) { return map_value(map, MAP_KEY); }
__u32 bpf_map__value_size(const struct bpf_map *map) { return map_value(map, MAP_VALUE); }
__u32 bpf_map__map_flags(const struct bpf_map *map) { return map_value(map, MAP_FLAGS); }
bool bpf_map__autocreate(const struct bpf_map *map) { return map_value(map, MAP_AUTOCREATE); }
bool bpf_map__is_internal(const struct bpf_map *map) { return map_value(map, MAP_INTERNAL); }
int bpf_map__set_max_entries(struct bpf_map *map, __u32 n) { return set_map(map, MAP_ENTRIES, n); }
int bpf_map__set_type(struct bpf_map *map, enum bpf_map_type type) { return set_map(map, MAP_TYPE, type); }
int bpf_map__set_key_size(struct bpf_map *map, __u32 size) { return set_map(map, MAP_KEY, size); }
int bpf_map__set_value_size(struct bpf_map *map, __u32 size) { return set_map(map, MAP_VALUE, size); }
int bpf_map__set_map_flags(struct bpf_map *map, __u32 flags) { return set_map(map, MAP_FLAGS, flags); }
int bpf_map__set_autocreate(struct bpf_map *map, bool autocreate) { return set_map(map, MAP_AUTOCREATE, autocreate); }

void *bpf_map__initial_value(const struct bpf_map *map, size_t *size)
{
	if (!map->mapped)
		return err_ptr(-EINVAL);
	*size = map->mapped_size;
	return map->mapped;
}
int bpf_map__set_initial_value(struct bpf_map *map, const void *data, size_t size)
{
	if (map->obj->loaded)
		return err(-EBUSY);
	if (!map->mapped || size != map->mapped_size)
		return err(-EINVAL);
	memcpy(map->mapped, data, size);
	return 0;
}

int bpf_map__pin(struct bpf_map *map, const char *path)
{
	if (!map)
		return err(-EINVAL);
	if (map->pin_path) {
		if (path && strcmp(path, map->pin_path))
			return err(-EINVAL);
		return err(-EEXIST);
	}
	int result = pin(bpf_map__fd(map), path);
	if (result < 0)
		return err(result);
	map->pin_path = strdup(path);
	return 0;
}
int bpf_map__unpin(struct bpf_map *map, const char *path)
{
	if (!path)
		path = map->pin_path;
	if (!path)
		return err(-EINVAL);
	if (unlink(path))
		return -errno;
	free(map->pin_path);
	map->pin_path = NULL;
	return 0;
}

static int check_sizes(const struct bpf_map *map, size_t key_sz, size_t value_sz, bool with_value)
{
	if (!map->obj->loaded || bpf_map__fd(map) < 0)
		return -ENOENT;
	if (key_sz != bpf_map__key_size(map)) {
		warn("map '%s': unexpected key size %zu provided, expected %u\n", map->name, key_sz, bpf_map__key_size(map));
		return -EINVAL;
	}
	if (with_value && value_sz != bpf_map__value_size(map)) {
		warn("map '%s': unexpected value size %zu provided, expected %u\n", map->name, value_sz, bpf_map__value_size(map));
		return -EINVAL;
	}
	return 0;
}

int bpf_map__lookup_elem(const struct bpf_map *map, const void *key, size_t key_sz, void *value, size_t value_sz, __u64 flags)
{
	int wrong = check_sizes(map, key_sz, value_sz, true);
	return wrong ? err(wrong) : bpf_map_lookup_elem_flags(bpf_map__fd(map), key, value, flags);
}
int bpf_map__update_elem(const struct bpf_map *map, const void *key, size_t key_sz, const void *value, size_t value_sz, __u64 flags)
{
	int wrong = check_sizes(map, key_sz, value_sz, true);
	return wrong ? err(wrong) : bpf_map_update_elem(bpf_map__fd(map), key, value, flags);
}
int bpf_map__delete_elem(const struct bpf_map *map, const void *key, size_t key_sz, __u64 flags)
{
	(void)flags;
	int wrong = check_sizes(map, key_sz, 0, false);
	return wrong ? err(wrong) : bpf_map_delete_elem(bpf_map__fd(map), key);
}
int bpf_map__get_next_key(const struct bpf_map *map, const void *cur, void *next, size_t key_sz)
{
	int wrong = check_sizes(map, key_sz, 0, false);
	return wrong ? err(wrong) : bpf_map_get_next_key(bpf_map__fd(map), cur, next);
}

/* Ring buffers. */

struct ring { int fd; ring_buffer_sample_fn sample; void *ctx; };
struct ring_buffer { int rings; struct ring ring[16]; char record[65536]; };

int ring_buffer__add(struct ring_buffer *rb, int map_fd, ring_buffer_sample_fn sample, void *ctx)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	int result = bpf_map_get_info_by_fd(map_fd, &info, &length);
	if (result < 0) {
		warn("ringbuf: failed to get map info for fd=%d: %d\n", map_fd, result);
		return err(result);
	}
	if (info.type != BPF_MAP_TYPE_RINGBUF) {
		warn("ringbuf: map fd=%d is not BPF_MAP_TYPE_RINGBUF\n", map_fd);
		return err(-EINVAL);
	}
	if (rb->rings == 16)
		return err(-ENOMEM);
	rb->ring[rb->rings++] = (struct ring){ map_fd, sample, ctx };
	return 0;
}

struct ring_buffer *ring_buffer__new(int map_fd, ring_buffer_sample_fn sample, void *ctx, const struct ring_buffer_opts *opts)
{
	(void)opts;
	struct ring_buffer *rb = calloc(1, sizeof(*rb));
	if (!rb)
		return err_ptr(-ENOMEM);
	int result = ring_buffer__add(rb, map_fd, sample, ctx);
	if (result < 0) {
		free(rb);
		return err_ptr(result);
	}
	return rb;
}

int ring_buffer__consume(struct ring_buffer *rb)
{
	int count = 0;
	for (int i = 0; i < rb->rings; i++)
		for (int n; (n = __ringbuf_next(rb->ring[i].fd, rb->record, sizeof(rb->record))) >= 0; count++) {
			int result = rb->ring[i].sample(rb->ring[i].ctx, rb->record, n);
			if (result < 0)
				return err(result);
		}
	return count;
}

int ring_buffer__poll(struct ring_buffer *rb, int timeout_ms)
{
	int count = ring_buffer__consume(rb);
	if (count == 0 && timeout_ms > 0) {
		struct timespec t = { timeout_ms / 1000, timeout_ms % 1000 * 1000000l };
		nanosleep(&t, NULL);
		count = ring_buffer__consume(rb);
	}
	return count;
}

void ring_buffer__free(struct ring_buffer *rb) { free(rb); }

/* Skeletons. */

int bpf_object__open_skeleton(struct bpf_object_skeleton *s, const struct bpf_object_open_opts *opts)
{
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, named, .object_name = opts && opts->object_name ? opts->object_name : s->name);
	struct bpf_object *obj = bpf_object__open_mem(s->data, s->data_sz, &named);
	if (!obj) {
		warn("failed to initialize skeleton BPF object '%s': %d\n", s->name, -errno);
		return -errno;
	}
	*s->obj = obj;
	for (int i = 0; i < s->map_cnt; i++) {
		struct bpf_map_skeleton *map = &s->maps[i];
		*map->map = bpf_object__find_map_by_name(obj, map->name);
		if (!*map->map) {
			warn("failed to find skeleton map '%s'\n", map->name);
			return err(-ESRCH);
		}
		if (map->mmaped)
			*map->mmaped = (*map->map)->mapped;
	}
	for (int i = 0; i < s->prog_cnt; i++) {
		struct bpf_prog_skeleton *prog = &s->progs[i];
		*prog->prog = bpf_object__find_program_by_name(obj, prog->name);
		if (!*prog->prog) {
			warn("failed to find skeleton program '%s'\n", prog->name);
			return err(-ESRCH);
		}
	}
	return 0;
}

int bpf_object__load_skeleton(struct bpf_object_skeleton *s)
{
	int result = bpf_object__load(*s->obj);
	if (result)
		warn("failed to load BPF skeleton '%s': %d\n", s->name, result);
	return result;
}

int bpf_object__attach_skeleton(struct bpf_object_skeleton *s)
{
	for (int i = 0; i < s->prog_cnt; i++) {
		struct bpf_program *prog = *s->progs[i].prog;
		struct bpf_link **link = s->progs[i].link;
		if (!bpf_program__autoload(prog) || !prog->autoattach || *link)
			continue;
		if (strncmp(prog->section, "iter", 4))
			continue;
		*link = bpf_program__attach(prog);
		if (!*link) {
			int error = -errno;
			warn("prog '%s': failed to auto-attach: %d\n", prog->name, error);
			return err(error);
		}
	}
	return 0;
}

void bpf_object__detach_skeleton(struct bpf_object_skeleton *s)
{
	for (int i = 0; i < s->prog_cnt; i++) {
		bpf_link__destroy(*s->progs[i].link);
		*s->progs[i].link = NULL;
	}
}

void bpf_object__destroy_skeleton(struct bpf_object_skeleton *s)
{
	if (!s)
		return;
	bpf_object__detach_skeleton(s);
	bpf_object__close(*s->obj);
	free(s->maps);
	free(s->progs);
	free(s);
}
`;
