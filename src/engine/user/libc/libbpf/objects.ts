/** struct bpf_object in C: opened, loaded, asked for its programs and maps, closed. */
export const OBJECTS_C = String.raw`
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
`;
