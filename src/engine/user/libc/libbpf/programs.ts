/** struct bpf_program in C, and what pinning has in common: attach, autoload, pins. */
export const PROGRAMS_C = String.raw`
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
`;
