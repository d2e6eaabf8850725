#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>
#include <sys/mman.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int ready, go, total;
static void *worker(void *arg)
{
	long id = (long)arg;
	char name[16]; snprintf(name, sizeof(name), "worker%ld", id);
	pthread_setname_np(pthread_self(), name);
	pthread_mutex_lock(&lock);
	ready++; 
	pthread_cond_broadcast(&cond);
	while (!go) pthread_cond_wait(&cond, &lock);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < 10000; i++) { pthread_mutex_lock(&lock); total++; pthread_mutex_unlock(&lock); }
	return (void *)(id * 10);
}
static void walk(const char *what)
{
	struct bpf_object *obj = bpf_object__open("threads.bpf.o");
	if (!obj || bpf_object__load(obj)) exit(9);
	struct bpf_link *link = bpf_program__attach(bpf_object__next_program(obj, NULL));
	int fd = bpf_iter_create(bpf_link__fd(link)); char buf[4096]; int n;
	printf("-- %s\n", what); fflush(stdout);
	while ((n = read(fd, buf, sizeof(buf))) > 0) fwrite(buf, 1, n, stdout);
	close(fd); bpf_link__destroy(link); bpf_object__close(obj);
}
int main(void)
{
	pthread_t t[3];
	for (long i = 0; i < 3; i++) if (pthread_create(&t[i], NULL, worker, (void *)(i + 1))) return 1;
	pthread_mutex_lock(&lock);
	while (ready < 3) pthread_cond_wait(&cond, &lock);
	pthread_mutex_unlock(&lock);
	walk("threads");
	pthread_mutex_lock(&lock); go = 1; pthread_cond_broadcast(&cond); pthread_mutex_unlock(&lock);
	for (int i = 0; i < 3; i++) { void *r; pthread_join(t[i], &r); printf("joined %ld\n", (long)r); }
	printf("total %d\n", total);
	int fds[2]; pipe(fds); int shared = 5;
	pid_t pid = fork();
	if (pid == 0) { shared = 6; close(fds[0]); walk("child"); dprintf(fds[1], "from child %d", shared); sleep(2); exit(33); }
	close(fds[1]);
	char buf[64]; int n = 0, k; while ((k = read(fds[0], buf + n, sizeof(buf) - n)) > 0) n += k; buf[n] = 0;
	int st; pid_t w = waitpid(pid, &st, 0);
	printf("%s; %d; %d exited %d; shared %d\n", buf, w == pid, WIFEXITED(st), WEXITSTATUS(st), shared);
	pid = fork(); if (!pid) { volatile int *p = 0; *p = 1; }
	wait(&st); printf("signal %d\n", WTERMSIG(st));
	walk("after");
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(m, "mapped"); mprotect(m, 4096, PROT_READ); printf("%s\n", m); m[4096] = 1; m[0] = 1;
	return 0;
}
