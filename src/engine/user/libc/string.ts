/** string.h, ctype.h and the numbers of stdlib.h, in C. */
import { Errno } from '../../../shared/errno.ts';
import { strerror } from '../../libbpf/messages.ts';

const errorCases = Object.values(Errno)
  .filter((number) => !strerror(number).startsWith('Unknown'))
  .map((number) => `\tcase ${number}: return "${strerror(number)}";`)
  .join('\n');

export const STRING_C = String.raw`
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *memcpy(void *to, const void *from, size_t size)
{
	unsigned char *d = to;
	const unsigned char *s = from;
	if ((((unsigned long)d | (unsigned long)s) & 7) == 0)
		for (; size >= 8; size -= 8, d += 8, s += 8)
			*(unsigned long *)d = *(const unsigned long *)s;
	while (size--)
		*d++ = *s++;
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	unsigned char *d = to;
	const unsigned char *s = from;
	if (d <= s || d >= s + size)
		return memcpy(to, from, size);
	while (size--)
		d[size] = s[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	unsigned char *d = to;
	while (size--)
		*d++ = byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;
	for (; size--; x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *in, int byte, size_t size)
{
	const unsigned char *p = in;
	for (; size--; p++)
		if (*p == (unsigned char)byte)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *text)
{
	const char *end = text;
	while (*end)
		end++;
	return end - text;
}

size_t strnlen(const char *text, size_t most)
{
	size_t n = 0;
	while (n < most && text[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t most)
{
	for (; most--; a++, b++)
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

int strcasecmp(const char *a, const char *b)
{
	while (*a && tolower(*a) == tolower(*b))
		a++, b++;
	return tolower(*a) - tolower(*b);
}

int strncasecmp(const char *a, const char *b, size_t most)
{
	for (; most--; a++, b++)
		if (tolower(*a) != tolower(*b) || !*a)
			return tolower(*a) - tolower(*b);
	return 0;
}

char *strcpy(char *to, const char *from)
{
	char *d = to;
	while ((*d++ = *from++))
		;
	return to;
}

char *strncpy(char *to, const char *from, size_t size)
{
	size_t i = 0;
	for (; i < size && from[i]; i++)
		to[i] = from[i];
	for (; i < size; i++)
		to[i] = 0;
	return to;
}

char *strcat(char *to, const char *from)
{
	strcpy(to + strlen(to), from);
	return to;
}

char *strncat(char *to, const char *from, size_t most)
{
	size_t n = strnlen(from, most);
	char *end = to + strlen(to);
	memcpy(end, from, n);
	end[n] = 0;
	return to;
}

char *strchr(const char *text, int c)
{
	for (; *text != (char)c; text++)
		if (!*text)
			return NULL;
	return (char *)text;
}

char *strrchr(const char *text, int c)
{
	const char *found = NULL;
	do
		if (*text == (char)c)
			found = text;
	while (*text++);
	return (char *)found;
}

char *strstr(const char *text, const char *what)
{
	size_t n = strlen(what);
	for (; *text; text++)
		if (!strncmp(text, what, n))
			return (char *)text;
	return n ? NULL : (char *)text;
}

size_t strcspn(const char *text, const char *any)
{
	size_t n = 0;
	while (text[n] && !strchr(any, text[n]))
		n++;
	return n;
}

size_t strspn(const char *text, const char *any)
{
	size_t n = 0;
	while (text[n] && strchr(any, text[n]))
		n++;
	return n;
}

char *strpbrk(const char *text, const char *any)
{
	text += strcspn(text, any);
	return *text ? (char *)text : NULL;
}

char *strtok_r(char *text, const char *any, char **rest)
{
	if (!text)
		text = *rest;
	text += strspn(text, any);
	if (!*text) {
		*rest = text;
		return NULL;
	}
	char *end = text + strcspn(text, any);
	*rest = *end ? end + 1 : end;
	*end = 0;
	return text;
}

char *strtok(char *text, const char *any)
{
	static char *rest;
	return strtok_r(text, any, &rest);
}

char *strsep(char **text, const char *any)
{
	char *start = *text;
	if (!start)
		return NULL;
	char *end = start + strcspn(start, any);
	*text = *end ? end + 1 : NULL;
	*end = 0;
	return start;
}

char *strndup(const char *text, size_t most)
{
	size_t n = strnlen(text, most);
	char *copy = malloc(n + 1);
	if (!copy)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = 0;
	return copy;
}

char *strdup(const char *text)
{
	return strndup(text, strlen(text));
}

static const char *known_error(int number)
{
	switch (number) {
	case 0: return "Success";
${errorCases}
	}
	return NULL;
}

char *strerror(int number)
{
	static char unknown[40];
	const char *text = known_error(number);
	if (text)
		return (char *)text;
	snprintf(unknown, sizeof(unknown), "Unknown error %d", number);
	return unknown;
}

char *strsignal(int signal)
{
	switch (signal) {
	case 2: return "Interrupt";
	case 6: return "Aborted";
	case 9: return "Killed";
	case 11: return "Segmentation fault";
	case 15: return "Terminated";
	}
	return "Signal";
}

int isdigit(int c) { return c >= '0' && c <= '9'; }
int isupper(int c) { return c >= 'A' && c <= 'Z'; }
int islower(int c) { return c >= 'a' && c <= 'z'; }
int isalpha(int c) { return isupper(c) || islower(c); }
int isalnum(int c) { return isalpha(c) || isdigit(c); }
int isxdigit(int c) { return isdigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
int isspace(int c) { return c == ' ' || (c >= 9 && c <= 13); }
int isprint(int c) { return c >= 32 && c < 127; }
int iscntrl(int c) { return (unsigned int)c < 32 || c == 127; }
int ispunct(int c) { return c > 32 && c < 127 && !isalnum(c); }
int toupper(int c) { return islower(c) ? c - 32 : c; }
int tolower(int c) { return isupper(c) ? c + 32 : c; }

static int digit(char c)
{
	return isdigit(c) ? c - '0' : islower(c) ? c - 'a' + 10 : isupper(c) ? c - 'A' + 10 : 99;
}

static unsigned long number(const char *text, char **end, int base, int *negative, int *overflow)
{
	const char *p = text;
	unsigned long value = 0;
	int any = 0;
	while (isspace(*p))
		p++;
	*negative = *p == '-';
	*overflow = 0;
	if (*p == '-' || *p == '+')
		p++;
	if ((base == 0 || base == 16) && p[0] == '0' && (p[1] | 32) == 'x' && digit(p[2]) < 16) {
		p += 2;
		base = 16;
	} else if (base == 0)
		base = *p == '0' ? 8 : 10;
	for (; digit(*p) < base; p++, any = 1) {
		unsigned long next = value * base + digit(*p);
		if (value > (ULONG_MAX - digit(*p)) / base)
			*overflow = 1;
		value = next;
	}
	if (end)
		*end = (char *)(any ? p : text);
	return value;
}

unsigned long strtoul(const char *text, char **end, int base)
{
	int negative, overflow;
	unsigned long value = number(text, end, base, &negative, &overflow);
	if (overflow) {
		errno = ERANGE;
		return ULONG_MAX;
	}
	return negative ? -value : value;
}

long strtol(const char *text, char **end, int base)
{
	int negative, overflow;
	unsigned long value = number(text, end, base, &negative, &overflow);
	if (overflow || value > (unsigned long)LONG_MAX + negative) {
		errno = ERANGE;
		return negative ? LONG_MIN : LONG_MAX;
	}
	return negative ? -value : value;
}

long long strtoll(const char *text, char **end, int base) { return strtol(text, end, base); }
unsigned long long strtoull(const char *text, char **end, int base) { return strtoul(text, end, base); }
int atoi(const char *text) { return strtol(text, NULL, 10); }
long atol(const char *text) { return strtol(text, NULL, 10); }
long long atoll(const char *text) { return strtol(text, NULL, 10); }
`;
