/*
 * Would one system call for many reads cost less?  floor-uring TICKS [SECONDS] <LIST-OF-FILES
 * As floor, but all reads of a tick are submitted to io_uring in batches of 256, of registered files; raw system calls.
 */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BATCH 256U
#define READ_SIZE 4096U

struct ring {
	int fd;
	unsigned *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static double cpu_usec(void)
{
	struct rusage u;
	(void)getrusage(RUSAGE_SELF, &u); /* kernel workers of the ring count as ours */
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void *ring_map(int fd, size_t size, off_t at)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, at);
	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static void ring_open(struct ring *r)
{
	struct io_uring_params p = {0};
	r->fd = (int)syscall(SYS_io_uring_setup, BATCH, &p);
	if (r->fd < 0) {
		perror("io_uring_setup");
		exit(1);
	}
	char *sq = ring_map(r->fd, p.sq_off.array + p.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	char *cq = ring_map(r->fd, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	r->sqes = ring_map(r->fd, p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	r->sq_tail = (unsigned *)(void *)(sq + p.sq_off.tail);
	r->sq_mask = (unsigned *)(void *)(sq + p.sq_off.ring_mask);
	r->sq_array = (unsigned *)(void *)(sq + p.sq_off.array);
	r->cq_head = (unsigned *)(void *)(cq + p.cq_off.head);
	r->cq_tail = (unsigned *)(void *)(cq + p.cq_off.tail);
	r->cq_mask = (unsigned *)(void *)(cq + p.cq_off.ring_mask);
	r->cqes = (struct io_uring_cqe *)(void *)(cq + p.cq_off.cqes);
}

/* Reads files first .. first + n - 1; false: one could not be read. */
static int ring_read(struct ring *r, unsigned first, unsigned n, char *buf)
{
	unsigned tail = *r->sq_tail, bad = 0;
	for (unsigned i = 0; i < n; i++, tail++) {
		struct io_uring_sqe *e = &r->sqes[tail & *r->sq_mask];
		memset(e, 0, sizeof(*e));
		e->opcode = IORING_OP_READ;
		e->flags = IOSQE_FIXED_FILE;
		e->fd = (int)(first + i);
		e->addr = (uint64_t)(uintptr_t)(buf + (size_t)i * READ_SIZE);
		e->len = READ_SIZE;
		r->sq_array[tail & *r->sq_mask] = tail & *r->sq_mask;
	}
	atomic_store_explicit((_Atomic unsigned *)r->sq_tail, tail, memory_order_release);
	if (syscall(SYS_io_uring_enter, r->fd, n, n, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return 0;
	unsigned head = *r->cq_head, end = atomic_load_explicit((_Atomic unsigned *)r->cq_tail, memory_order_acquire);
	for (; head != end; head++)
		bad += r->cqes[head & *r->cq_mask].res < 0;
	atomic_store_explicit((_Atomic unsigned *)r->cq_head, head, memory_order_release);
	return bad == 0;
}

int main(int argc, char **argv)
{
	static char buf[BATCH * READ_SIZE], path[4096];
	unsigned n = 0, cap = 1 << 16;
	int *fds = calloc(cap, sizeof(*fds));
	struct ring r;
	if (argc < 2 || !fds)
		return 2;
	long ticks = strtol(argv[1], NULL, 10);
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 0;
	struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
	while (n < cap && fgets(path, sizeof(path), stdin)) {
		path[strcspn(path, "\n")] = '\0';
		fds[n] = open(path, O_RDONLY | O_CLOEXEC);
		if (fds[n++] < 0) {
			perror(path);
			return 1;
		}
	}
	ring_open(&r);
	if (n == 0 || ticks <= 0 || syscall(SYS_io_uring_register, r.fd, IORING_REGISTER_FILES, fds, n) < 0) {
		perror("io_uring_register");
		return 1;
	}
	double from = cpu_usec();
	for (long t = 0; t < ticks; t++) {
		if (seconds > 0)
			(void)nanosleep(&pause, NULL);
		for (unsigned i = 0; i < n; i += BATCH)
			if (!ring_read(&r, i, n - i < BATCH ? n - i : BATCH, buf))
				return 1;
	}
	(void)printf("%.0f\n", (cpu_usec() - from) / (double)ticks);
	free(fds);
	return 0;
}
