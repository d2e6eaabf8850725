/** How libbpf in C tells of errors: a negative number, errno, and a line to whoever prints. */
export const MESSAGES_C = String.raw`
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
`;
