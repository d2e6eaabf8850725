/** struct bpf_map in C: sizes and settings before load, elements after it, pins. */
export const MAPS_C = String.raw`
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
`;
