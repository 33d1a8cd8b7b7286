#include "app/ticker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app/app.h"

/* Each side touches what both need only between reading its own eventfd and writing the other's. */
struct ticker {
	struct engine *engine;
	ticker_prepare prepare; /* NULL: done */
	void *data;
	pthread_t thread;
	bool threaded; /* else, where no thread could be had, ticker_start reads */
	bool runs, ends;
	int go, done;
	int result;
	struct error err;
};

static void ring(int fd)
{
	(void)eventfd_write(fd, 1);
}

static void take_reading(struct ticker *t)
{
	t->err = (struct error){0};
	t->result = t->prepare ? t->prepare(t->data, &t->err) : 0;
	t->prepare = NULL;
	if (t->result == 0)
		t->result = engine_read(t->engine, &t->err);
	ring(t->done);
}

static void *run(void *data)
{
	struct ticker *t = data;
	eventfd_t n;
	while (eventfd_read(t->go, &n) == 0 && !t->ends)
		take_reading(t);
	return NULL;
}

static bool start_thread(struct ticker *t)
{
	sigset_t all, was;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &was);
	int r = pthread_create(&t->thread, NULL, run, t);
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	return r == 0;
}

struct ticker *ticker_open(struct engine *e, ticker_prepare prepare, void *data, struct error *err)
{
	struct ticker *t = xcalloc(1, sizeof(*t));
	t->engine = e;
	t->prepare = prepare;
	t->data = data;
	t->go = eventfd(0, EFD_CLOEXEC);
	t->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->go < 0 || t->done < 0) {
		(void)error_set(err, errno, "eventfd: %s", strerror(errno));
		(void)ticker_close(t, 0);
		return NULL;
	}
	t->threaded = start_thread(t);
	return t;
}

int ticker_fd(const struct ticker *t)
{
	return t ? t->done : -1;
}

bool ticker_runs(const struct ticker *t)
{
	return t && t->runs;
}

bool ticker_start(struct ticker *t)
{
	if (t->runs)
		return false;
	t->runs = true;
	if (t->threaded)
		ring(t->go);
	else
		take_reading(t);
	return true;
}

int ticker_take(struct ticker *t, struct error *err)
{
	eventfd_t n;
	if (eventfd_read(t->done, &n) < 0)
		return -EAGAIN;
	t->runs = false;
	if (t->result < 0)
		*err = t->err;
	else
		engine_show(t->engine);
	return t->result;
}

bool ticker_close(struct ticker *t, int wait_msec)
{
	if (!t)
		return true;
	if (t->threaded) {
		/* Its end may be asked for only when it looks at nothing else. */
		struct pollfd done = {t->done, POLLIN, 0};
		int r = 1;
		while (t->runs && (r = poll(&done, 1, wait_msec)) < 0 && errno == EINTR)
			;
		if (r < 1)
			return false;
		t->ends = true;
		ring(t->go);
		(void)pthread_join(t->thread, NULL);
	}
	if (t->go >= 0)
		(void)close(t->go);
	if (t->done >= 0)
		(void)close(t->done);
	free(t);
	return true;
}
