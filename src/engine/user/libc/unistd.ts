/** unistd.h and its neighbours in C: system calls with errno, options, signals. */
export const UNISTD_C = String.raw`
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

extern void *__thread_area(void);
extern long __sys_read(int fd, void *to, size_t size);
extern long __sys_write(int fd, const void *from, size_t size);
extern long __sys_open(const char *path, int flags, int mode);
extern long __sys_close(int fd);
extern long __sys_lseek(int fd, long offset, int whence);
extern long __sys_dup(int fd);
extern long __sys_dup2(int fd, int to);
extern long __sys_dup3(int fd, int to, int flags);
extern long __sys_pipe2(int *fds, int flags);
extern long __sys_fcntl(int fd, int command, long arg);
extern long __sys_isatty(int fd);
extern long __sys_getcwd(char *to, size_t size);
extern long __sys_unlink(const char *path);
extern long __sys_mkdir(const char *path, int mode);
extern long __sys_rmdir(const char *path);
extern unsigned long __sys_brk(unsigned long wanted);
extern long __sys_mmap(const void *args);
extern long __sys_munmap(void *addr, size_t length);
extern long __sys_mprotect(void *addr, size_t length, int prot);
extern int __sys_getpid(void);
extern int __sys_gettid(void);
extern int __sys_getppid(void);
extern int __sys_getuid(void);
extern int __sys_geteuid(void);
extern int __sys_getgid(void);
extern int __sys_getegid(void);
extern long __sys_clock_gettime(int clock, struct timespec *out);
extern long __sys_nanosleep(const struct timespec *wanted);
extern long __sys_kill(int pid, int signal);
extern long __sys_prctl(int option, unsigned long arg);
extern long __sys_pidfd_open(int pid, int flags);
extern long __sys_sched_yield(void);
extern long __sys_fork(void);
extern long __sys_wait4(int pid, int *status, int options);
extern long __sys_bpf(int command, void *attr, unsigned int size);

int *__errno_location(void) { return __thread_area(); }

static long answer(long result)
{
	if (result >= 0 || result < -4095)
		return result;
	errno = -result;
	return -1;
}

ssize_t read(int fd, void *to, size_t size) { return answer(__sys_read(fd, to, size)); }
ssize_t write(int fd, const void *from, size_t size) { return answer(__sys_write(fd, from, size)); }
int close(int fd) { return answer(__sys_close(fd)); }
off_t lseek(int fd, off_t offset, int whence) { return answer(__sys_lseek(fd, offset, whence)); }
int dup(int fd) { return answer(__sys_dup(fd)); }
int dup2(int fd, int to) { return answer(__sys_dup2(fd, to)); }
int dup3(int fd, int to, int flags) { return answer(__sys_dup3(fd, to, flags)); }
int pipe2(int fds[2], int flags) { return answer(__sys_pipe2(fds, flags)); }
int pipe(int fds[2]) { return pipe2(fds, 0); }
int isatty(int fd) { return answer(__sys_isatty(fd)) == 1; }
int unlink(const char *path) { return answer(__sys_unlink(path)); }
int mkdir(const char *path, mode_t mode) { return answer(__sys_mkdir(path, mode)); }
int rmdir(const char *path) { return answer(__sys_rmdir(path)); }

int open(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	int mode = flags & O_CREAT ? va_arg(args, int) : 0;
	va_end(args);
	return answer(__sys_open(path, flags, mode));
}

int fcntl(int fd, int command, ...)
{
	va_list args;
	va_start(args, command);
	long arg = va_arg(args, long);
	va_end(args);
	return answer(__sys_fcntl(fd, command, arg));
}

char *getcwd(char *to, size_t size)
{
	if (!to) {
		size = size ? size : 4096;
		to = malloc(size);
	}
	return to && answer(__sys_getcwd(to, size)) >= 0 ? to : NULL;
}

pid_t fork(void)
{
	return answer(__sys_fork());
}
pid_t vfork(void) { return fork(); }
pid_t getpid(void) { return __sys_getpid(); }
pid_t gettid(void) { return __sys_gettid(); }
pid_t getppid(void) { return __sys_getppid(); }
uid_t getuid(void) { return __sys_getuid(); }
uid_t geteuid(void) { return __sys_geteuid(); }
gid_t getgid(void) { return __sys_getgid(); }
gid_t getegid(void) { return __sys_getegid(); }
pid_t waitpid(pid_t pid, int *status, int options) { return answer(__sys_wait4(pid, status, options)); }
pid_t wait(int *status) { return waitpid(-1, status, 0); }
int sched_yield(void) { return answer(__sys_sched_yield()); }
int getpagesize(void) { return 4096; }

int execve(const char *path, char *const argv[], char *const envp[])
{
	(void)path;
	(void)argv;
	(void)envp;
	errno = ENOENT;
	return -1;
}
int execvp(const char *file, char *const argv[]) { return execve(file, argv, environ); }

long sysconf(int name)
{
	if (name == _SC_PAGESIZE)
		return 4096;
	if (name == _SC_NPROCESSORS_CONF || name == _SC_NPROCESSORS_ONLN)
		return 1;
	errno = EINVAL;
	return -1;
}

void *sbrk(long more)
{
	unsigned long old = __sys_brk(0);
	if (more && __sys_brk(old + more) != old + more) {
		errno = ENOMEM;
		return (void *)-1;
	}
	return (void *)old;
}

/* Memory. */

void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	unsigned long args[] = { (unsigned long)addr, length, prot, flags, (unsigned long)(long)fd, offset };
	return (void *)answer(__sys_mmap(args));
}
int munmap(void *addr, size_t length) { return answer(__sys_munmap(addr, length)); }
int mprotect(void *addr, size_t length, int prot) { return answer(__sys_mprotect(addr, length, prot)); }

/* Time. */

int clock_gettime(clockid_t clock, struct timespec *out) { return answer(__sys_clock_gettime(clock, out)); }

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	if (left)
		left->tv_sec = left->tv_nsec = 0;
	return answer(__sys_nanosleep(wanted));
}

unsigned int sleep(unsigned int seconds)
{
	struct timespec t = { seconds, 0 };
	nanosleep(&t, NULL);
	return 0;
}

int usleep(unsigned int microseconds)
{
	struct timespec t = { microseconds / 1000000, microseconds % 1000000 * 1000l };
	return nanosleep(&t, NULL);
}

time_t time(time_t *out)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *out, void *zone)
{
	struct timespec now;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}

/* Limits that this machine does not enforce. */

int setrlimit(int resource, const struct rlimit *limit)
{
	(void)resource;
	(void)limit;
	return 0;
}
int getrlimit(int resource, struct rlimit *limit)
{
	limit->rlim_cur = limit->rlim_max = resource == RLIMIT_NOFILE ? 1024 : RLIM_INFINITY;
	return 0;
}

int prctl(int option, ...)
{
	va_list args;
	va_start(args, option);
	unsigned long arg = va_arg(args, unsigned long);
	va_end(args);
	return answer(__sys_prctl(option, arg));
}

long syscall(long number, ...)
{
	va_list args;
	va_start(args, number);
	unsigned long a = va_arg(args, unsigned long), b = va_arg(args, unsigned long), c = va_arg(args, unsigned long);
	va_end(args);
	switch (number) {
	case __NR_read: return read(a, (void *)b, c);
	case __NR_write: return write(a, (void *)b, c);
	case __NR_close: return close(a);
	case __NR_getpid: return getpid();
	case __NR_gettid: return gettid();
	case __NR_kill: return kill(a, b);
	case __NR_pidfd_open: return answer(__sys_pidfd_open(a, b));
	case __NR_bpf: return answer(__sys_bpf(a, (void *)b, c));
	}
	errno = 38;
	return -1;
}

/* Signals: what a program sends itself. */

static sighandler_t handlers[65];

int sigaction(int signal, const struct sigaction *now, struct sigaction *before)
{
	if (signal < 1 || signal > 64 || signal == SIGKILL || signal == SIGSTOP) {
		errno = EINVAL;
		return -1;
	}
	if (before)
		*before = (struct sigaction){ .sa_handler = handlers[signal] };
	if (now)
		handlers[signal] = now->sa_handler;
	return 0;
}

sighandler_t signal(int number, sighandler_t handler)
{
	struct sigaction now = { .sa_handler = handler }, before;
	return sigaction(number, &now, &before) ? SIG_ERR : before.sa_handler;
}

int kill(pid_t pid, int number)
{
	if (pid == getpid() && number > 0 && number <= 64 && handlers[number] != SIG_DFL) {
		if (handlers[number] != SIG_IGN)
			handlers[number](number);
		return 0;
	}
	if (pid == getpid() && (number == SIGCHLD || number == SIGCONT))
		return 0;
	return answer(__sys_kill(pid, number));
}
int raise(int number) { return kill(getpid(), number); }
int sigemptyset(sigset_t *set)
{
	*set = 0;
	return 0;
}
int sigaddset(sigset_t *set, int number)
{
	*set |= 1ul << (number - 1);
	return 0;
}

/* Options. */

char *optarg;
int optind = 1, opterr = 1, optopt;
static int inside = 1;

static int complain(char *const argv[], const char *what, const char *which)
{
	if (opterr)
		fprintf(stderr, "%s: %s '%s'\n", argv[0], what, which);
	return '?';
}

static int long_option(int argc, char *const argv[], const struct option *longs, int *index)
{
	char *name = argv[optind++] + 2, *value = strchr(name, '=');
	size_t n = value ? (size_t)(value - name) : strlen(name);
	for (int i = 0; longs[i].name; i++) {
		if (strncmp(longs[i].name, name, n) || longs[i].name[n])
			continue;
		optarg = value ? value + 1 : NULL;
		if (longs[i].has_arg == required_argument && !value) {
			if (optind >= argc)
				return complain(argv, "option requires an argument --", name);
			optarg = argv[optind++];
		}
		if (index)
			*index = i;
		if (longs[i].flag) {
			*longs[i].flag = longs[i].val;
			return 0;
		}
		return longs[i].val;
	}
	return complain(argv, "unrecognized option", name - 2);
}

int getopt_long(int argc, char *const argv[], const char *options, const struct option *longs, int *index)
{
	if (optind >= argc || argv[optind][0] != '-' || !argv[optind][1])
		return -1;
	if (!strcmp(argv[optind], "--")) {
		optind++;
		return -1;
	}
	if (longs && argv[optind][1] == '-')
		return long_option(argc, argv, longs, index);
	char letter[2] = { argv[optind][inside++], 0 };
	const char *known = letter[0] == ':' ? NULL : strchr(options, letter[0]);
	int last = !argv[optind][inside];
	optopt = letter[0];
	if (known && known[1] == ':') {
		optarg = last ? (known[2] == ':' ? NULL : argv[optind + 1]) : argv[optind] + inside;
		optind += last && known[2] != ':' ? 2 : 1;
		inside = 1;
		if (!optarg && known[2] != ':')
			return complain(argv, "option requires an argument --", letter);
		return letter[0];
	}
	if (last) {
		optind++;
		inside = 1;
	}
	return known ? letter[0] : complain(argv, "invalid option --", letter);
}

int getopt(int argc, char *const argv[], const char *options)
{
	return getopt_long(argc, argv, options, NULL, NULL);
}
`;
