/** Headers of the C library: what POSIX and Linux have. Their functions are in engine/user/libc. */
import { Errno } from '../../../../shared/errno.ts';
import { guard } from '../standard.ts';

/** Calls that go by number through syscall(2): those a reader program has no function for. */
const SYSCALL_NUMBERS: Readonly<Record<string, number>> = {
  read: 0,
  write: 1,
  close: 3,
  getpid: 39,
  gettid: 186,
  kill: 62,
  bpf: 321,
  pidfd_open: 434,
};

const numbers = Object.entries(SYSCALL_NUMBERS)
  .map(([name, number]) => `#define __NR_${name} ${number}\n#define SYS_${name} ${number}`)
  .join('\n');

const errnos = Object.entries(Errno)
  .filter(([name]) => name !== 'ENOTSUPP')
  .map(([name, value]) => `#define ${name} ${value}`)
  .join('\n');

const SIGNALS =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP'
    .split(' ')
    .map((name, i) => `#define SIG${name} ${i + 1}`)
    .join('\n');

const TYPES = `#include <stddef.h>
#include <stdint.h>
typedef long ssize_t;
typedef int pid_t;
typedef unsigned int uid_t;
typedef unsigned int gid_t;
typedef unsigned int mode_t;
#ifndef __off_t_defined
#define __off_t_defined
typedef long off_t;
#endif
typedef long time_t;
typedef unsigned long dev_t;
typedef unsigned long ino_t;
typedef unsigned char u_char;
typedef unsigned int u_int;`;

const TIME = `#include <sys/types.h>
struct timespec { time_t tv_sec; long tv_nsec; };
struct timeval { time_t tv_sec; long tv_usec; };
typedef int clockid_t;
#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_BOOTTIME 7
time_t time(time_t *out);
int clock_gettime(clockid_t clock, struct timespec *out);
int nanosleep(const struct timespec *wanted, struct timespec *left);
int gettimeofday(struct timeval *out, void *zone);`;

export const POSIX_HEADERS: Readonly<Record<string, string>> = {
  'errno.h': guard(
    '_ERRNO_H',
    `${errnos}\n#define EWOULDBLOCK EAGAIN\nint *__errno_location(void);\n#define errno (*__errno_location())`,
  ),
  'sys/types.h': guard('_SYS_TYPES_H', TYPES),
  'unistd.h': guard(
    '_UNISTD_H',
    `#include <sys/types.h>
#define STDIN_FILENO 0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2
#ifndef SEEK_SET
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#endif
#define _SC_PAGESIZE 30
#define _SC_PAGE_SIZE 30
#define _SC_NPROCESSORS_CONF 83
#define _SC_NPROCESSORS_ONLN 84
#define R_OK 4
#define W_OK 2
#define X_OK 1
#define F_OK 0
extern char **environ;
ssize_t read(int fd, void *to, size_t size);
ssize_t write(int fd, const void *from, size_t size);
int close(int fd);
off_t lseek(int fd, off_t offset, int whence);
int dup(int fd);
int dup2(int fd, int to);
int dup3(int fd, int to, int flags);
int pipe(int fds[2]);
int pipe2(int fds[2], int flags);
pid_t fork(void);
pid_t vfork(void);
pid_t getpid(void);
pid_t getppid(void);
pid_t gettid(void);
uid_t getuid(void);
uid_t geteuid(void);
gid_t getgid(void);
gid_t getegid(void);
unsigned int sleep(unsigned int seconds);
int usleep(unsigned int microseconds);
int isatty(int fd);
int unlink(const char *path);
int rmdir(const char *path);
char *getcwd(char *to, size_t size);
long sysconf(int name);
int getpagesize(void);
void *sbrk(long more);
long syscall(long number, ...);
void _exit(int status) __attribute__((noreturn));
int execve(const char *path, char *const argv[], char *const envp[]);
int execvp(const char *file, char *const argv[]);
int getopt(int argc, char *const argv[], const char *options);
extern char *optarg;
extern int optind, opterr, optopt;`,
  ),
  'getopt.h': guard(
    '_GETOPT_H',
    `#include <unistd.h>
struct option { const char *name; int has_arg; int *flag; int val; };
#define no_argument 0
#define required_argument 1
#define optional_argument 2
int getopt_long(int argc, char *const argv[], const char *options, const struct option *longs, int *index);`,
  ),
  'fcntl.h': guard(
    '_FCNTL_H',
    `#include <sys/types.h>
#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR 2
#define O_ACCMODE 3
#define O_CREAT 0100
#define O_EXCL 0200
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_NONBLOCK 04000
#define O_DIRECTORY 0200000
#define O_CLOEXEC 02000000
#define F_DUPFD 0
#define F_GETFD 1
#define F_SETFD 2
#define F_GETFL 3
#define F_SETFL 4
#define F_DUPFD_CLOEXEC 1030
#define FD_CLOEXEC 1
int open(const char *path, int flags, ...);
int fcntl(int fd, int command, ...);`,
  ),
  'sys/stat.h': guard('_SYS_STAT_H', '#include <sys/types.h>\nint mkdir(const char *path, mode_t mode);'),
  'sys/mman.h': guard(
    '_SYS_MMAN_H',
    `#include <sys/types.h>
#define PROT_NONE 0
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_SHARED 1
#define MAP_PRIVATE 2
#define MAP_FIXED 16
#define MAP_ANONYMOUS 32
#define MAP_ANON MAP_ANONYMOUS
#define MAP_FAILED ((void *)-1)
void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
int munmap(void *addr, size_t length);
int mprotect(void *addr, size_t length, int prot);`,
  ),
  'sys/wait.h': guard(
    '_SYS_WAIT_H',
    `#include <sys/types.h>
#define WNOHANG 1
#define WIFEXITED(status) (((status) & 0x7f) == 0)
#define WEXITSTATUS(status) (((status) >> 8) & 0xff)
#define WIFSIGNALED(status) (((status) & 0x7f) != 0)
#define WTERMSIG(status) ((status) & 0x7f)
pid_t wait(int *status);
pid_t waitpid(pid_t pid, int *status, int options);`,
  ),
  'sys/syscall.h': guard('_SYS_SYSCALL_H', numbers),
  'asm/unistd.h': '#include <sys/syscall.h>\n',
  'linux/unistd.h': '#include <sys/syscall.h>\n',
  'sys/resource.h': guard(
    '_SYS_RESOURCE_H',
    `typedef unsigned long rlim_t;
struct rlimit { rlim_t rlim_cur, rlim_max; };
#define RLIM_INFINITY (~0UL)
#define RLIMIT_STACK 3
#define RLIMIT_NOFILE 7
#define RLIMIT_MEMLOCK 8
int setrlimit(int resource, const struct rlimit *limit);
int getrlimit(int resource, struct rlimit *limit);`,
  ),
  'sys/prctl.h': guard(
    '_SYS_PRCTL_H',
    '#define PR_SET_NAME 15\n#define PR_GET_NAME 16\nint prctl(int option, ...);',
  ),
  'signal.h': guard(
    '_SIGNAL_H',
    `#include <sys/types.h>
${SIGNALS}
typedef void (*sighandler_t)(int);
typedef int sig_atomic_t;
#define SIG_DFL ((sighandler_t)0)
#define SIG_IGN ((sighandler_t)1)
#define SIG_ERR ((sighandler_t)-1)
#define SA_RESTART 0x10000000
typedef unsigned long sigset_t;
struct sigaction { sighandler_t sa_handler; sigset_t sa_mask; int sa_flags; };
sighandler_t signal(int signal, sighandler_t handler);
int sigaction(int signal, const struct sigaction *now, struct sigaction *before);
int sigemptyset(sigset_t *set);
int sigaddset(sigset_t *set, int signal);
int kill(pid_t pid, int signal);
int raise(int signal);`,
  ),
  'time.h': guard('_TIME_H', TIME),
  'sys/time.h': '#include <time.h>\n',
  'pthread.h': guard(
    '_PTHREAD_H',
    `#include <sys/types.h>
#include <time.h>
typedef struct __pthread *pthread_t;
typedef struct { size_t stack; int detached; } pthread_attr_t;
typedef struct { volatile int state; pthread_t owner; } pthread_mutex_t;
typedef struct { volatile int sequence; } pthread_cond_t;
typedef struct { int kind; } pthread_mutexattr_t;
typedef struct { int kind; } pthread_condattr_t;
typedef struct { volatile int count, left, round; } pthread_barrier_t;
#define PTHREAD_MUTEX_INITIALIZER { 0 }
#define PTHREAD_COND_INITIALIZER { 0 }
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
int pthread_join(pthread_t thread, void **result);
int pthread_detach(pthread_t thread);
void pthread_exit(void *result) __attribute__((noreturn));
pthread_t pthread_self(void);
int pthread_equal(pthread_t a, pthread_t b);
int pthread_setname_np(pthread_t thread, const char *name);
int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr);
int pthread_mutex_lock(pthread_mutex_t *mutex);
int pthread_mutex_trylock(pthread_mutex_t *mutex);
int pthread_mutex_unlock(pthread_mutex_t *mutex);
int pthread_mutex_destroy(pthread_mutex_t *mutex);
int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr);
int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int pthread_cond_signal(pthread_cond_t *cond);
int pthread_cond_broadcast(pthread_cond_t *cond);
int pthread_cond_destroy(pthread_cond_t *cond);
int pthread_barrier_init(pthread_barrier_t *barrier, const void *attr, unsigned int count);
int pthread_barrier_wait(pthread_barrier_t *barrier);
int pthread_barrier_destroy(pthread_barrier_t *barrier);`,
  ),
  'sched.h': guard('_SCHED_H', 'int sched_yield(void);'),
};
