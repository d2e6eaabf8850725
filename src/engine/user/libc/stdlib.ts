/** stdlib.h in C: memory, the end of a program, sorting, the environment. */
export const STDLIB_C = String.raw`
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Memory: blocks in a row on the heap, each with its size; free ones are joined when they are looked at. */

extern unsigned long __sys_brk(unsigned long wanted);
extern void __sys_exit_group(int status) __attribute__((noreturn));
extern void __sys_abort(void) __attribute__((noreturn));
extern int __sys_isatty(int fd);

struct block {
	size_t size;
	unsigned long state;
};
#define USED 0x75736564u
#define FREE 0x66726565u
#define GRANULE 16
#define FIRST_HEAP 0x21000ul

static char *heap_start, *heap_end;

static struct block *next_of(struct block *b)
{
	return (struct block *)((char *)(b + 1) + b->size);
}

static int grow(size_t more)
{
	if (!heap_start) {
		heap_start = heap_end = (char *)__sys_brk(0);
		if (more < FIRST_HEAP)
			more = FIRST_HEAP;
	}
	more = (more + 0xfff) & ~0xffful;
	char *top = (char *)__sys_brk((unsigned long)(heap_end + more));
	if (top != heap_end + more)
		return 0;
	struct block *b = (struct block *)heap_end;
	b->size = more - sizeof(*b);
	b->state = FREE;
	heap_end = top;
	return 1;
}

static void die(const char *what)
{
	fflush(stdout);
	fprintf(stderr, "%s\n", what);
	abort();
}

void *malloc(size_t size)
{
	if (size > 0x7fffffff) {
		errno = ENOMEM;
		return NULL;
	}
	size_t need = size < GRANULE ? GRANULE : (size + GRANULE - 1) & ~(size_t)(GRANULE - 1);
	for (int round = 0; round < 2; round++) {
		for (struct block *b = (struct block *)heap_start; (char *)b < heap_end; b = next_of(b)) {
			if (b->state != FREE) {
				if (b->state != USED)
					die("malloc(): corrupted top size");
				continue;
			}
			for (struct block *n = next_of(b); (char *)n < heap_end && n->state == FREE; n = next_of(b))
				b->size += sizeof(*n) + n->size;
			if (b->size < need)
				continue;
			if (b->size >= need + sizeof(*b) + GRANULE) {
				struct block *rest = (struct block *)((char *)(b + 1) + need);
				rest->size = b->size - need - sizeof(*b);
				rest->state = FREE;
				b->size = need;
			}
			b->state = USED;
			return b + 1;
		}
		if (!grow(need + sizeof(struct block)))
			break;
	}
	errno = ENOMEM;
	return NULL;
}

void free(void *ptr)
{
	if (!ptr)
		return;
	struct block *b = (struct block *)ptr - 1;
	if ((char *)b < heap_start || (char *)b >= heap_end || ((unsigned long)ptr & (GRANULE - 1)))
		die("free(): invalid pointer");
	if (b->state == FREE)
		die("free(): double free detected in tcache 2");
	if (b->state != USED)
		die("free(): invalid size");
	b->state = FREE;
}

void *calloc(size_t count, size_t size)
{
	if (size && count > (size_t)-1 / size) {
		errno = ENOMEM;
		return NULL;
	}
	void *made = malloc(count * size);
	return made ? memset(made, 0, count * size) : NULL;
}

void *realloc(void *old, size_t size)
{
	if (!old)
		return malloc(size);
	struct block *b = (struct block *)old - 1;
	if (b->size >= size && size)
		return old;
	void *made = malloc(size);
	if (!made)
		return NULL;
	memcpy(made, old, b->size < size ? b->size : size);
	free(old);
	return made;
}

void *reallocarray(void *old, size_t count, size_t size)
{
	if (size && count > (size_t)-1 / size) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, count * size);
}

void *aligned_alloc(size_t align, size_t size)
{
	if (align <= GRANULE)
		return malloc(size);
	errno = EINVAL;
	return NULL;
}

/* The end. */

static const char *__program = "";
static void (*at_exit[32])(void);
static int at_exits;

int atexit(void (*function)(void))
{
	if (at_exits == 32)
		return -1;
	at_exit[at_exits++] = function;
	return 0;
}

void _exit(int status)
{
	__sys_exit_group(status);
}
void _Exit(int status)
{
	__sys_exit_group(status);
}

void exit(int status)
{
	while (at_exits > 0)
		at_exit[--at_exits]();
	fflush(NULL);
	__sys_exit_group(status);
}

void abort(void)
{
	__sys_abort();
}

void __assert_fail(const char *what, const char *file, unsigned int line, const char *function)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s:%u: %s: Assertion %c%s' failed.\n", __program, file, line, function, 96, what);
	abort();
}

/* Sorting: a heap, so that there is no bad case. */

static void swap(char *a, char *b, size_t size)
{
	while (size--) {
		char c = *a;
		*a++ = *b;
		*b++ = c;
	}
}

static void sift(char *base, size_t at, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && compare(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (compare(base + at * size, base + child * size) >= 0)
			return;
		swap(base + at * size, base + child * size, size);
	}
}

void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	for (size_t i = count / 2; i-- > 0;)
		sift(base, i, count, size, compare);
	for (size_t end = count; end-- > 1;) {
		swap(base, (char *)base + end * size, size);
		sift(base, 0, end, size, compare);
	}
}

void *bsearch(const void *key, const void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	size_t low = 0;
	while (low < count) {
		size_t mid = (low + count) / 2;
		char *at = (char *)base + mid * size;
		int c = compare(key, at);
		if (!c)
			return at;
		if (c < 0)
			count = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

int abs(int x) { return x < 0 ? -x : x; }
long labs(long x) { return x < 0 ? -x : x; }

static unsigned long random_state = 1;
void srand(unsigned int seed) { random_state = seed; }
int rand(void)
{
	random_state = random_state * 6364136223846793005ul + 1442695040888963407ul;
	return random_state >> 33;
}

/* The environment. */

char **environ;

static char **entry(const char *name, size_t n)
{
	for (char **e = environ; e && *e; e++)
		if (!strncmp(*e, name, n) && (*e)[n] == '=')
			return e;
	return NULL;
}

char *getenv(const char *name)
{
	size_t n = strlen(name);
	char **e = entry(name, n);
	return e ? *e + n + 1 : NULL;
}

int setenv(const char *name, const char *value, int overwrite)
{
	size_t n = strlen(name), count = 0;
	char **e = entry(name, n);
	if (e && !overwrite)
		return 0;
	char *text = malloc(n + strlen(value) + 2);
	if (!text)
		return -1;
	strcpy(text, name);
	text[n] = '=';
	strcpy(text + n + 1, value);
	if (e) {
		*e = text;
		return 0;
	}
	while (environ && environ[count])
		count++;
	char **more = malloc((count + 2) * sizeof(char *));
	if (!more)
		return -1;
	memcpy(more, environ, count * sizeof(char *));
	more[count] = text;
	more[count + 1] = NULL;
	environ = more;
	return 0;
}

int unsetenv(const char *name)
{
	for (char **e = entry(name, strlen(name)); e && *e; e++)
		e[0] = e[1];
	return 0;
}

extern int main(int argc, char **argv, char **envp);

void _start(int argc, char **argv, char **envp)
{
	environ = envp;
	__program = argc > 0 ? argv[0] : "";
	exit(main(argc, argv, envp));
}
`;
