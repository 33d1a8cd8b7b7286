/* SIGINT, SIGTERM and SIGHUP: waited for, or put off while a line is written. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "vctop/base/clock.h"

#define PUT_OFF_SEC 2

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

static sigset_t held_signals(void)
{
	sigset_t set;
	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		(void)sigaddset(&set, ending[i]);
	return set;
}

void signals_hold(void)
{
	sigset_t set = held_signals();
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

int signals_wait(int64_t mono_usec)
{
	sigset_t set = held_signals();
	for (;;) {
		int64_t left = mono_usec - clock_mono_usec();
		left = left > 0 ? left : 0;
		struct timespec ts = {left / 1000000, left % 1000000 * 1000};
		int sig = sigtimedwait(&set, NULL, &ts);
		if (sig > 0)
			return sig;
		if (errno != EINTR)
			return 0;
	}
}

static volatile sig_atomic_t writing, put_off; /* put_off: which came meanwhile */

static void end_by(int sig)
{
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static void on_ending(int sig)
{
	if (writing && !put_off && sig != SIGALRM) {
		put_off = sig;
		(void)alarm(PUT_OFF_SEC);
	} else {
		end_by(sig == SIGALRM && put_off ? put_off : sig);
	}
}

void signals_put_off(void)
{
	static bool taken;
	struct sigaction old, sa = {.sa_handler = on_ending, .sa_flags = SA_RESTART};
	for (size_t i = 0; i < ARRAY_SIZE(ending) && !taken; i++)
		if (sigaction(ending[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			(void)sigaction(ending[i], &sa, NULL);
	if (!taken)
		(void)sigaction(SIGALRM, &sa, NULL);
	taken = true;
	writing = 1;
	if (put_off)
		(void)alarm(PUT_OFF_SEC);
}

void signals_let(void)
{
	writing = 0;
	if (put_off)
		end_by(put_off);
}
