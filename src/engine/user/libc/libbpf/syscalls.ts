/** The calls of bpf/bpf.h in C: thin covers of bpf(2). */
export const SYSCALLS_C = String.raw`
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

int bpf_prog_test_run_opts(int prog_fd, struct bpf_test_run_opts *opts)
{
	_Bool more = opts->data_in || opts->data_out || opts->ctx_out || opts->repeat || opts->duration;
	unsigned long args[] = {
		prog_fd, (unsigned long)opts->ctx_in, opts->ctx_size_in, more,
		opts->flags, opts->cpu, opts->batch_size, (unsigned long)&opts->retval,
	};
	return err(__sys_bpf_test_run(args));
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
`;
