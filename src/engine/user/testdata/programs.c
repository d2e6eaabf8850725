#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
/* torture for code generation at -O0 style */
typedef struct node { struct node *next; int key; char pad[3]; long v; } node;
static node *push(node *h, int k) { node *n = malloc(sizeof(*n)); n->next = h; n->key = k; n->v = (long)k * k; return n; }
static node *rev(node *h) { node *r = NULL; while (h) { node *n = h->next; h->next = r; r = h; h = n; } return r; }
static int depth(node *h) { return h ? 1 + depth(h->next) : 0; }
static uint32_t crc(const unsigned char *p, size_t n) { uint32_t c = ~0u; while (n--) { c ^= *p++; for (int k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ 0xedb88320u : c >> 1; } return ~c; }
struct big { int a[20]; char s[13]; short h; };
static struct big mk(int seed) { struct big b; for (int i = 0; i < 20; i++) b.a[i] = seed * i - i * i; snprintf(b.s, sizeof(b.s), "s%d", seed); b.h = -seed; return b; }
static long sum(struct big b, int (*f)(int), long base, struct big *p, char c, short s, unsigned char u) { long t = base; for (int i = 0; i < 20; i++) t += f(b.a[i]) + p->a[19 - i]; return t + c + s + u + strlen(b.s); }
static int sq(int x) { return x * x % 1000; }
static int collatz(unsigned long n) { int s = 0; while (n != 1) { n = n % 2 ? 3 * n + 1 : n / 2; s++; } return s; }
static void permute(char *a, int l, int r, int *count) { if (l == r) { (*count)++; return; } for (int i = l; i <= r; i++) { char t = a[l]; a[l] = a[i]; a[i] = t; permute(a, l + 1, r, count); t = a[l]; a[l] = a[i]; a[i] = t; } }
static long ack(long m, long n) { return m == 0 ? n + 1 : n == 0 ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1)); }
static int sw(int x) { switch (x) { case -5 ... -1: return 1; case 0: return 2; case 7: case 9: return 3; default: if (x > 100) return 4; } return 5; }
static int queens(int n, int row, int c, int d1, int d2) { if (row == n) return 1; int r = 0; for (int i = 0; i < n; i++) { int a = 1 << i, b = 1 << (row + i), e = 1 << (row - i + n); if (c & a || d1 & b || d2 & e) continue; r += queens(n, row + 1, c | a, d1 | b, d2 | e); } return r; }
int64_t shifts(int64_t x, int n) { return (x << n) ^ (x >> (n + 1)) ^ (int64_t)((uint64_t)x >> n); }
int main(void)
{
	node *h = NULL; for (int i = 0; i < 500; i++) h = push(h, i); h = rev(h);
	long t = 0; for (node *n = h; n; n = n->next) t = t * 31 + n->v + n->key; printf("%ld %d\n", t, depth(h));
	printf("%08x\n", crc((const unsigned char *)"123456789", 9));
	struct big b = mk(7), c = b; c.a[3] = 99; printf("%ld %s %d\n", sum(b, sq, 1000, &c, -3, -300, 200), c.s, c.h);
	printf("%d %d\n", collatz(27), collatz(97));
	char s[] = "abcdef"; int cnt = 0; permute(s, 0, 5, &cnt); printf("%d %s\n", cnt, s);
	printf("%ld\n", ack(2, 9));
	for (int i = -6; i < 12; i += 1) printf("%d", sw(i)); printf("%d\n", sw(1000));
	printf("%d\n", queens(6, 0, 0, 0, 0));
	for (int i = 0; i < 60; i += 7) printf("%lx ", shifts(-0x123456789abcdefL, i)); puts("");
	int m[5][5]; for (int i = 0; i < 5; i++) for (int j = 0; j < 5; j++) m[i][j] = (i * 7 + j * 3) % 11; long det = 0; for (int i = 0; i < 5; i++) { long p = 1, q = 1; for (int j = 0; j < 5; j++) { p *= m[j][(i + j) % 5]; q *= m[j][(i - j + 5) % 5]; } det += p - q; } printf("%ld\n", det);
	unsigned char uc = 200; signed char sc = (signed char)uc; unsigned short us = 65535; us += 2; printf("%d %d %d %u\n", uc << 1, sc >> 1, us, (unsigned)sc);
	printf("%d %d %d %d\n", -7 / 2, -7 % 3, 7 / -2, (int)(0x80000000u / 3)); printf("%ld %ld\n", -100000000000L / 7, -100000000000L % 7);
	int x = 5; x += x++ + ++x > 0 ? 3 : 4; printf("%d\n", x > 5); int *p = &x; (*p)++; p[0] -= 2; printf("%s\n", x ? "ok" : "no");
	char *words[50]; int nw = 0; char text[] = "the quick brown fox jumps over the lazy dog the end"; for (char *w = strtok(text, " "); w; w = strtok(NULL, " ")) words[nw++] = strdup(w);
	for (int i = 0; i < nw; i++) for (int j = i + 1; j < nw; j++) if (strcmp(words[i], words[j]) > 0) { char *q = words[i]; words[i] = words[j]; words[j] = q; } for (int i = 0; i < nw; i++) printf("%s ", words[i]); puts("");
	union { double *d; uint64_t u; struct { uint32_t lo, hi; } h; } un = { .u = 0x1122334455667788ull }; printf("%x %x\n", un.h.lo, un.h.hi);
	struct { int f : 5; unsigned g : 11; long l : 40; _Bool z : 1; } bf = { -9, 1999, -123456789012L, 1 }; bf.g += 100; bf.f ^= 3; printf("%d %u %ld %d\n", bf.f, bf.g, (long)bf.l, bf.z);
	void *freeme[100]; for (int i = 0; i < 100; i++) { freeme[i] = malloc(i * 37 % 4000 + 1); memset(freeme[i], i, i * 37 % 4000 + 1); } for (int i = 0; i < 100; i += 2) free(freeme[i]); for (int i = 0; i < 100; i += 2) freeme[i] = calloc(3, i + 1); int bad = 0; for (int i = 1; i < 100; i += 2) for (int j = 0; j < i * 37 % 4000 + 1; j++) bad += ((unsigned char *)freeme[i])[j] != i; printf("bad %d\n", bad);
	return 0;
}
