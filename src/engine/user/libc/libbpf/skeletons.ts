/** What the functions of a generated x.skel.h call. */
export const SKELETONS_C = String.raw`
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
