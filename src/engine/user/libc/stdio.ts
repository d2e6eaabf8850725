/** stdio.h in C: formatting, and streams with a buffer. */
export const STDIO_C = String.raw`
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Formatting. */

struct sink {
	char *to;
	size_t size;
	size_t count;
};

static void put(struct sink *s, char c)
{
	if (s->count + 1 < s->size)
		s->to[s->count] = c;
	s->count++;
}

static void pad(struct sink *s, char c, int n)
{
	while (n-- > 0)
		put(s, c);
}

struct spec {
	int left, plus, space, alternate, zero;
	int width, precision;
	int size;
};

static void put_text(struct sink *s, const struct spec *f, const char *text, int length)
{
	if (!f->left)
		pad(s, ' ', f->width - length);
	for (int i = 0; i < length; i++)
		put(s, text[i]);
	if (f->left)
		pad(s, ' ', f->width - length);
}

static void put_number(struct sink *s, const struct spec *f, unsigned long value, int base, int upper, const char *sign)
{
	char digits[72];
	int n = 0, zeros = 0, prefix = strlen(sign);
	const char *alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	while (value) {
		digits[n++] = alphabet[value % base];
		value /= base;
	}
	if (n == 0 && f->precision != 0)
		digits[n++] = '0';
	if (f->precision > n)
		zeros = f->precision - n;
	else if (f->precision < 0 && f->zero && !f->left && f->width > n + prefix)
		zeros = f->width - n - prefix;
	if (!f->left)
		pad(s, ' ', f->width - n - zeros - prefix);
	while (*sign)
		put(s, *sign++);
	pad(s, '0', zeros);
	for (int i = n; i > 0;)
		put(s, digits[--i]);
	if (f->left)
		pad(s, ' ', f->width - n - zeros - prefix);
}

static long signed_arg(int size, va_list *args)
{
	long v = size == 8 ? va_arg(*args, long) : va_arg(*args, int);
	return size == 1 ? (signed char)v : size == 2 ? (short)v : v;
}

static unsigned long unsigned_arg(int size, va_list *args)
{
	unsigned long v = size == 8 ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int);
	return size == 1 ? (unsigned char)v : size == 2 ? (unsigned short)v : v;
}

static const char *flags(struct spec *f, const char *p)
{
	for (;; p++)
		if (*p == '-') f->left = 1;
		else if (*p == '+') f->plus = 1;
		else if (*p == ' ') f->space = 1;
		else if (*p == '#') f->alternate = 1;
		else if (*p == '0') f->zero = 1;
		else return p;
}

static const char *length(struct spec *f, const char *p)
{
	f->size = 4;
	for (;; p++)
		if (*p == 'h') f->size = f->size == 2 ? 1 : 2;
		else if (*p == 'l' || *p == 'z' || *p == 'j' || *p == 't' || *p == 'q') f->size = 8;
		else return p;
}

static void format(struct sink *s, const char *p, va_list *args)
{
	for (; *p; p++) {
		if (*p != '%') {
			put(s, *p);
			continue;
		}
		struct spec f = { .precision = -1 };
		const char *start = p;
		p = flags(&f, p + 1);
		if (*p == '*') {
			f.width = va_arg(*args, int);
			if (f.width < 0) {
				f.left = 1;
				f.width = -f.width;
			}
			p++;
		} else
			for (; isdigit(*p); p++)
				f.width = f.width * 10 + *p - '0';
		if (*p == '.') {
			f.precision = 0;
			if (*++p == '*') {
				f.precision = va_arg(*args, int);
				p++;
			} else
				for (; isdigit(*p); p++)
					f.precision = f.precision * 10 + *p - '0';
		}
		p = length(&f, p);
		switch (*p) {
		case 'd':
		case 'i': {
			long v = signed_arg(f.size, args);
			put_number(s, &f, v < 0 ? -(unsigned long)v : v, 10, 0, v < 0 ? "-" : f.plus ? "+" : f.space ? " " : "");
			break;
		}
		case 'u':
			put_number(s, &f, unsigned_arg(f.size, args), 10, 0, "");
			break;
		case 'x':
		case 'X': {
			unsigned long v = unsigned_arg(f.size, args);
			put_number(s, &f, v, 16, *p == 'X', f.alternate && v ? (*p == 'x' ? "0x" : "0X") : "");
			break;
		}
		case 'o': {
			unsigned long v = unsigned_arg(f.size, args);
			put_number(s, &f, v, 8, 0, f.alternate && v ? "0" : "");
			break;
		}
		case 'p': {
			void *v = va_arg(*args, void *);
			if (v)
				put_number(s, &f, (unsigned long)v, 16, 0, "0x");
			else
				put_text(s, &f, "(nil)", 5);
			break;
		}
		case 'c': {
			char c = va_arg(*args, int);
			put_text(s, &f, &c, 1);
			break;
		}
		case 's': {
			const char *text = va_arg(*args, const char *);
			if (!text)
				text = f.precision >= 0 && f.precision < 6 ? "" : "(null)";
			put_text(s, &f, text, f.precision < 0 ? strlen(text) : strnlen(text, f.precision));
			break;
		}
		case 'm': {
			const char *text = strerror(errno);
			put_text(s, &f, text, strlen(text));
			break;
		}
		case 'n':
			*va_arg(*args, int *) = s->count;
			break;
		case '%':
			put(s, '%');
			break;
		default:
			while (start <= p && *start)
				put(s, *start++);
			if (!*p)
				return;
		}
	}
}

int vsnprintf(char *to, size_t size, const char *text, va_list args)
{
	struct sink s = { to, size, 0 };
	va_list copy;
	va_copy(copy, args);
	format(&s, text, &copy);
	if (size)
		to[s.count < size ? s.count : size - 1] = 0;
	return s.count;
}

int vsprintf(char *to, const char *text, va_list args)
{
	return vsnprintf(to, 0x7fffffff, text, args);
}

int vasprintf(char **to, const char *text, va_list args)
{
	int n = vsnprintf(NULL, 0, text, args);
	*to = malloc(n + 1);
	return *to ? vsnprintf(*to, n + 1, text, args) : -1;
}

/* Streams. */

struct __FILE {
	int fd, mode, eof, error, pushed;
	size_t filled, at;
	struct __FILE *next;
	char data[1024];
};

static struct __FILE in = { .fd = 0, .pushed = -1 };
static struct __FILE out = { .fd = 1, .mode = _IOLBF, .pushed = -1, .next = &in };
static struct __FILE err = { .fd = 2, .mode = _IONBF, .pushed = -1, .next = &out };
FILE *stdin = &in, *stdout = &out, *stderr = &err;
static FILE *all = &err;

static int flush_one(FILE *f)
{
	size_t done = 0;
	while (done < f->filled) {
		ssize_t n = write(f->fd, f->data + done, f->filled - done);
		if (n < 0) {
			f->error = 1;
			f->filled = 0;
			return EOF;
		}
		done += n;
	}
	f->filled = 0;
	return 0;
}

/* Data read ahead is no output. */
static int reads(FILE *f)
{
	return f == &in || f->at > 0 || f->eof;
}

int fflush(FILE *f)
{
	int result = 0;
	if (f)
		return reads(f) ? 0 : flush_one(f);
	for (f = all; f; f = f->next)
		if (!reads(f))
			result |= flush_one(f);
	return result;
}

static int emit(FILE *f, const char *from, size_t size)
{
	int line = 0;
	for (size_t i = 0; i < size; i++) {
		if (f->filled == sizeof(f->data) && flush_one(f))
			return EOF;
		f->data[f->filled++] = from[i];
		line |= from[i] == '\n';
	}
	return f->mode == _IONBF || (f->mode == _IOLBF && line) ? flush_one(f) : 0;
}

int vfprintf(FILE *f, const char *text, va_list args)
{
	char small[512], *to = small;
	int n = vsnprintf(small, sizeof(small), text, args);
	if (n >= (int)sizeof(small)) {
		to = malloc(n + 1);
		if (!to)
			return -1;
		vsnprintf(to, n + 1, text, args);
	}
	int failed = emit(f, to, n);
	if (to != small)
		free(to);
	return failed ? -1 : n;
}

int vprintf(const char *text, va_list args) { return vfprintf(stdout, text, args); }

int vdprintf(int fd, const char *text, va_list args)
{
	char *to;
	int n = vasprintf(&to, text, args);
	if (n >= 0) {
		n = write(fd, to, n);
		free(to);
	}
	return n;
}

#define FORWARD(call) \
	va_list args; \
	va_start(args, text); \
	int n = call; \
	va_end(args); \
	return n

int printf(const char *text, ...) { FORWARD(vfprintf(stdout, text, args)); }
int fprintf(FILE *f, const char *text, ...) { FORWARD(vfprintf(f, text, args)); }
int dprintf(int fd, const char *text, ...) { FORWARD(vdprintf(fd, text, args)); }
int sprintf(char *to, const char *text, ...) { FORWARD(vsprintf(to, text, args)); }
int snprintf(char *to, size_t size, const char *text, ...) { FORWARD(vsnprintf(to, size, text, args)); }
int asprintf(char **to, const char *text, ...) { FORWARD(vasprintf(to, text, args)); }

int fputs(const char *text, FILE *f) { return emit(f, text, strlen(text)); }
int puts(const char *text) { return fputs(text, stdout) || emit(stdout, "\n", 1) ? EOF : 1; }
int fputc(int c, FILE *f)
{
	char byte = c;
	return emit(f, &byte, 1) ? EOF : (unsigned char)c;
}
int putc(int c, FILE *f) { return fputc(c, f); }
int putchar(int c) { return fputc(c, stdout); }

size_t fwrite(const void *from, size_t size, size_t count, FILE *f)
{
	return emit(f, from, size * count) ? 0 : count;
}

int fgetc(FILE *f)
{
	if (f->pushed >= 0) {
		int c = f->pushed;
		f->pushed = -1;
		return c;
	}
	if (f->at == f->filled) {
		if (f == &in)
			fflush(stdout);
		ssize_t n = read(f->fd, f->data, sizeof(f->data));
		f->at = f->filled = 0;
		if (n <= 0) {
			if (n < 0)
				f->error = 1;
			else
				f->eof = 1;
			return EOF;
		}
		f->filled = n;
	}
	return (unsigned char)f->data[f->at++];
}
int getc(FILE *f) { return fgetc(f); }
int getchar(void) { return fgetc(stdin); }
int ungetc(int c, FILE *f)
{
	if (c != EOF) {
		f->pushed = (unsigned char)c;
		f->eof = 0;
	}
	return c;
}

char *fgets(char *to, int size, FILE *f)
{
	int n = 0, c = 0;
	while (n + 1 < size && c != '\n' && (c = fgetc(f)) != EOF)
		to[n++] = c;
	if (n == 0)
		return NULL;
	to[n] = 0;
	return to;
}

long getline(char **line, size_t *size, FILE *f)
{
	size_t n = 0;
	int c = 0;
	while (c != '\n' && (c = fgetc(f)) != EOF) {
		if (!*line || n + 2 > *size) {
			*size = n + 128;
			*line = realloc(*line, *size);
			if (!*line)
				return -1;
		}
		(*line)[n++] = c;
	}
	if (n == 0)
		return -1;
	(*line)[n] = 0;
	return n;
}

size_t fread(void *to, size_t size, size_t count, FILE *f)
{
	size_t n = 0, total = size * count;
	for (int c; n < total && (c = fgetc(f)) != EOF;)
		((char *)to)[n++] = c;
	return size ? n / size : 0;
}

FILE *fdopen(int fd, const char *mode)
{
	FILE *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	(void)mode;
	f->fd = fd;
	f->pushed = -1;
	f->mode = isatty(fd) ? _IOLBF : _IOFBF;
	f->next = all;
	all = f;
	return f;
}

FILE *fopen(const char *path, const char *mode)
{
	int both = strchr(mode, '+') != NULL;
	int how = *mode == 'r' ? 0 : *mode == 'w' ? O_CREAT | O_TRUNC : *mode == 'a' ? O_CREAT | O_APPEND : -1;
	if (how < 0) {
		errno = EINVAL;
		return NULL;
	}
	how |= both ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;
	if (strchr(mode, 'e'))
		how |= O_CLOEXEC;
	int fd = open(path, how, 0666);
	if (fd < 0)
		return NULL;
	FILE *f = fdopen(fd, mode);
	if (!f)
		close(fd);
	return f;
}

int fclose(FILE *f)
{
	int result = fflush(f);
	for (FILE **at = &all; *at; at = &(*at)->next)
		if (*at == f) {
			*at = f->next;
			break;
		}
	result |= close(f->fd);
	if (f != &in && f != &out && f != &err)
		free(f);
	return result ? EOF : 0;
}

int fileno(FILE *f) { return f->fd; }
int feof(FILE *f) { return f->eof; }
int ferror(FILE *f) { return f->error; }
void clearerr(FILE *f) { f->eof = f->error = 0; }
int setvbuf(FILE *f, char *buffer, int mode, size_t size)
{
	(void)buffer;
	(void)size;
	f->mode = mode;
	return 0;
}
void setbuf(FILE *f, char *buffer) { f->mode = buffer ? _IOFBF : _IONBF; }
void setlinebuf(FILE *f) { f->mode = _IOLBF; }
int remove(const char *path) { return unlink(path); }

void perror(const char *what)
{
	const char *text = strerror(errno);
	if (what && *what)
		fprintf(stderr, "%s: %s\n", what, text);
	else
		fprintf(stderr, "%s\n", text);
}

/* Reading by a format: what lines of /proc need. */
int sscanf(const char *from, const char *text, ...)
{
	int given = 0;
	const char *start = from;
	va_list args;
	va_start(args, text);
	for (; *text; text++) {
		if (isspace(*text)) {
			while (isspace(*from))
				from++;
			continue;
		}
		if (*text != '%') {
			if (*from != *text)
				break;
			from++;
			continue;
		}
		struct spec f = { 0 };
		int skip = *++text == '*';
		text += skip;
		for (; isdigit(*text); text++)
			f.width = f.width * 10 + *text - '0';
		text = length(&f, text);
		if (*text == 'n') {
			*va_arg(args, int *) = from - start;
			continue;
		}
		if (*text != 'c')
			while (isspace(*from))
				from++;
		if (!*from) {
			given = given ? given : EOF;
			break;
		}
		if (*text == 's' || *text == 'c') {
			int most = f.width ? f.width : *text == 'c' ? 1 : 0x7fffffff, n = 0;
			char *to = skip ? NULL : va_arg(args, char *);
			while (n < most && *from && (*text == 'c' || !isspace(*from))) {
				if (to)
					to[n] = *from;
				n++;
				from++;
			}
			if (to && *text == 's')
				to[n] = 0;
		} else {
			char copy[72], *end;
			int most = f.width && f.width < 71 ? f.width : 71;
			strncpy(copy, from, most);
			copy[most] = 0;
			int base = *text == 'x' || *text == 'X' || *text == 'p' ? 16 : *text == 'o' ? 8 : *text == 'i' ? 0 : 10;
			unsigned long v = strtoul(copy, &end, base);
			if (end == copy)
				break;
			from += end - copy;
			if (!skip) {
				void *to = va_arg(args, void *);
				if (f.size == 8 || *text == 'p') *(unsigned long *)to = v;
				else if (f.size == 4) *(unsigned int *)to = v;
				else if (f.size == 2) *(unsigned short *)to = v;
				else *(unsigned char *)to = v;
			}
		}
		given += !skip;
	}
	va_end(args);
	return given;
}
`;
