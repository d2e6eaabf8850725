#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdarg.h>
#include <limits.h>
#include <stdbool.h>
struct pt { int x; long y; char name[12]; };
static struct pt mk(int x, long y, const char *n) { struct pt p = { x, y, "" }; strncpy(p.name, n, sizeof(p.name) - 1); return p; }
static int cmp(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static int bystr(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
static long vs(int n, ...) { va_list ap; va_start(ap, n); long s = 0; while (n--) s += va_arg(ap, long); va_end(ap); return s; }
static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
enum color { RED, GREEN = 5, BLUE };
typedef int (*op)(int, int);
static int add(int a, int b) { return a + b; } static int sub(int a, int b) { return a - b; }
static const struct { const char *name; op fn; } ops[] = { { "add", add }, { "sub", sub } };
union u { uint32_t w; uint8_t b[4]; };
int main(void)
{
	printf("[%d] [%5d] [%-5d] [%05d] [%+d] [% d] [%.3d] [%8.3d]\n", 42, 42, 42, 42, 42, 42, 7, 7);
	printf("[%u] [%x] [%X] [%#x] [%o] [%#o] [%08x]\n", 3000000000u, 48879, 48879, 48879, 8, 8, 48879);
	printf("[%hhd] [%hd] [%ld] [%lld] [%zu] [%jd] [%td]\n", 300, 70000, LONG_MIN, LLONG_MAX, sizeof(struct pt), (intmax_t)-1, (ptrdiff_t)5);
	printf("[%s] [%10s] [%-10s] [%.2s] [%c] [%5c] [%%]\n", "abc", "abc", "abc", "abc", 'x', 'y');
	printf("[%*d] [%-*d] [%.*s] [%p] [%p]\n", 6, 1, 6, 2, 2, "hello", (void *)0, (void *)0xdeadbeef);
	printf("[%d] [%d] [%i] %s\n", INT_MIN, INT_MAX, -0, (char *)NULL ? "x" : "null");
	printf("%" PRIu64 " %" PRIx32 " %" PRId64 "\n", UINT64_MAX, 0xabcdu, INT64_MIN);
	int n = 0; printf("abc%n", &n); printf(" n=%d\n", n);
	struct pt p = mk(3, -4, "point");
	struct pt q = p; q.x++;
	printf("%d %ld %s %d %zu\n", p.x, p.y, p.name, q.x, offsetof(struct pt, name));
	int a[] = { 5, 3, 9, -1, 7, 0 };
	qsort(a, 6, sizeof(int), cmp);
	for (int i = 0; i < 6; i++) printf("%d ", a[i]);
	int key = 7; printf("-> %ld\n", (long)((int *)bsearch(&key, a, 6, sizeof(int), cmp) - a));
	char *words[] = { "pear", "apple", "fig" }; qsort(words, 3, sizeof(char *), bystr);
	printf("%s %s %s\n", words[0], words[1], words[2]);
	printf("%ld %d %d\n", vs(3, 1L, 2L, 3L), fib(15), (int)BLUE);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) printf("%s=%d ", ops[i].name, ops[i].fn(7, 2));
	union u u = { .w = 0x01020304 }; printf("%d %d\n", u.b[0], u.b[3]);
	char buf[64]; int r = snprintf(buf, 8, "%s", "truncated text"); printf("%s %d\n", buf, r);
	printf("%d %ld %lu\n", atoi(" -17x"), strtol("0x1fz", NULL, 0), strtoul("777", NULL, 8));
	char *end; errno = 0; long big = strtol("99999999999999999999", &end, 10); printf("%ld %d %d\n", big, errno == ERANGE, *end);
	printf("%s|%s|%s\n", strchr("a=b=c", '='), strrchr("a=b=c", '='), strstr("haystack", "st"));
	char line[] = "one two  three"; for (char *t = strtok(line, " "); t; t = strtok(NULL, " ")) printf("<%s>", t); puts("");
	printf("%zu %zu %d %d %d\n", strspn("aab", "a"), strcspn("abc", "c"), strcmp("a", "b") < 0, strncmp("abc", "abd", 2), memcmp("ab", "ac", 2) < 0);
	char m[16] = "0123456789"; memmove(m + 2, m, 5); printf("%s\n", m); memset(m, 'z', 3); printf("%s %c\n", m, toupper('q'));
	char *d = strdup("dup"); d = realloc(d, 100); strcat(d, "licate"); printf("%s %d\n", d, isdigit('5') != 0); free(d);
	int *z = calloc(10, sizeof(int)); int sum = 0; for (int i = 0; i < 10; i++) sum += z[i]; printf("%d\n", sum); free(z);
	int x = -7; printf("%d %d %d %u\n", x / 2, x % 2, x >> 1, (unsigned)x >> 28);
	long long acc = 1; for (int i = 1; i <= 20; i++) acc *= i; printf("%lld\n", acc);
	int i1, i2; char s1[16]; unsigned long h; r = sscanf("42 -7 word 0xff", "%d %d %15s %lx", &i1, &i2, s1, &h); printf("%d %d %d %s %lu\n", r, i1, i2, s1, h);
	bool flag = 5; uint8_t c8 = 255; c8++; int16_t s16 = 32767; s16++; printf("%d %d %d\n", flag, c8, s16);
	static int counter; for (int i = 0; i < 3; i++) counter += i; printf("%d\n", counter);
	switch (counter) { case 1: puts("one"); break; case 3: puts("three"); /* fall */ default: puts("more"); }
	int arr2[3][4]; for (int i = 0; i < 3; i++) for (int j = 0; j < 4; j++) arr2[i][j] = i * j; printf("%d %zu\n", arr2[2][3], sizeof(arr2));
	printf("%s %s %s\n", strerror(2), strerror(EBADF), strerror(EOPNOTSUPP)); errno = EBUSY; printf("%m\n"); perror("what");
	goto out; puts("skipped");
out:	printf("%s:%d %s\n", "file", __LINE__, __func__);
	char huge[300]; memset(huge, 'h', 299); huge[299] = 0; printf("%s\n", huge); printf("%-20.5s|%+5d|%#10x|%-#10x|\n", "truncate", 5, 10, 10);
	struct { unsigned a : 3, b : 5; signed c : 4; } bf = { 7, 17, -3 }; bf.a++; printf("%d %d %d\n", bf.a, bf.b, bf.c);
	fprintf(stdout, "%s", ""); fputs("fputs\n", stdout); putchar('!'); putchar('\n');
	return 7;
}
