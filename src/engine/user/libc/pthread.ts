/** pthread.h in C: threads of the simulated kernel, each with a stack of its own, and what they wait on. */
export const PTHREAD_C = String.raw`
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Stands at the start of the thread's block; errno is its first word. */
struct __pthread {
	int error;
	int tid;
	void *(*start)(void *);
	void *arg;
	char *stack;
	int detached;
};

#define STACK (256 * 1024)
#define GUARD 4096

extern struct __pthread *__thread_area(void);
extern long __sys_clone(void (*entry)(void *), void *arg, void *top, void *area);
extern void __sys_exit(void *result) __attribute__((noreturn));
extern long __join(int tid, void *area);
extern long __sys_futex_wait(volatile int *at, int value);
extern long __sys_sched_yield(void);

static void begin(void *arg)
{
	struct __pthread *me = arg;
	__sys_exit(me->start(me->arg));
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	int saved = errno;
	char *low = mmap(NULL, GUARD + STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (low == MAP_FAILED) {
		errno = saved;
		return EAGAIN;
	}
	mprotect(low, GUARD, PROT_NONE);
	char *top = low + GUARD + STACK - 64;
	struct __pthread *made = (struct __pthread *)top;
	made->start = start;
	made->arg = arg;
	made->stack = low;
	made->detached = attr && attr->detached;
	long tid = __sys_clone(begin, made, top, made);
	if (tid < 0) {
		munmap(low, GUARD + STACK);
		return -tid;
	}
	made->tid = tid;
	*thread = made;
	return 0;
}

int pthread_join(pthread_t thread, void **result)
{
	if (thread == pthread_self())
		return 35;
	void *value = (void *)__join(thread->tid, thread);
	if (result)
		*result = value;
	munmap(thread->stack, GUARD + STACK);
	return 0;
}

int pthread_detach(pthread_t thread)
{
	thread->detached = 1;
	return 0;
}
void pthread_exit(void *result) { __sys_exit(result); }
pthread_t pthread_self(void) { return __thread_area(); }
int pthread_equal(pthread_t a, pthread_t b) { return a == b; }

int pthread_setname_np(pthread_t thread, const char *name)
{
	if (strlen(name) > 15)
		return ERANGE;
	if (thread != pthread_self())
		return EINVAL;
	return prctl(PR_SET_NAME, name) ? errno : 0;
}

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)
{
	(void)attr;
	memset(mutex, 0, sizeof(*mutex));
	return 0;
}
int pthread_mutex_destroy(pthread_mutex_t *mutex) { return mutex->state ? EBUSY : 0; }

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	if (!__sync_bool_compare_and_swap(&mutex->state, 0, 1))
		return EBUSY;
	mutex->owner = pthread_self();
	return 0;
}
int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	while (pthread_mutex_trylock(mutex))
		__sys_futex_wait(&mutex->state, 1);
	return 0;
}
int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	if (mutex->owner != pthread_self())
		return EPERM;
	mutex->owner = NULL;
	mutex->state = 0;
	return 0;
}

int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr)
{
	(void)attr;
	cond->sequence = 0;
	return 0;
}
int pthread_cond_destroy(pthread_cond_t *cond)
{
	(void)cond;
	return 0;
}
int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	int seen = cond->sequence;
	pthread_mutex_unlock(mutex);
	__sys_futex_wait(&cond->sequence, seen);
	return pthread_mutex_lock(mutex);
}
int pthread_cond_signal(pthread_cond_t *cond)
{
	__sync_fetch_and_add(&cond->sequence, 1);
	return 0;
}
int pthread_cond_broadcast(pthread_cond_t *cond) { return pthread_cond_signal(cond); }

int pthread_barrier_init(pthread_barrier_t *barrier, const void *attr, unsigned int count)
{
	(void)attr;
	if (count == 0)
		return EINVAL;
	barrier->count = barrier->left = count;
	barrier->round = 0;
	return 0;
}
int pthread_barrier_destroy(pthread_barrier_t *barrier)
{
	(void)barrier;
	return 0;
}
int pthread_barrier_wait(pthread_barrier_t *barrier)
{
	int round = barrier->round;
	if (__sync_sub_and_fetch(&barrier->left, 1) == 0) {
		barrier->left = barrier->count;
		barrier->round = round + 1;
		return -1;
	}
	while (barrier->round == round)
		__sys_futex_wait(&barrier->round, round);
	return 0;
}
`;
