/** What the rest of libbpf in C includes, and the native functions behind it. */
export const DECLARATIONS_C = String.raw`
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
extern int __sys_bpf_test_run(const void *args);
extern int __sys_bpf_next_id(int kind, __u32 start);
extern int __sys_bpf_fd_by_id(int kind, __u32 id);
extern int __sys_bpf_info(int fd, void *info, __u32 *length);
extern int __ringbuf_next(int fd, void *to, size_t size);
`;
