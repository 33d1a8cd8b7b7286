#include "app/storyteller.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "vctop/base/text.h"

#define COLUMNS 80

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* At a blank, and not between single quotes: a command must stay one that can be typed. */
static bool may_cut(const char *text, size_t at, bool command)
{
	bool quoted = false;
	for (size_t i = 0; command && i < at; i++)
		quoted = quoted != (text[i] == '\'');
	return text[at] == ' ' && !quoted;
}

void storyteller_wrap(struct strbuf *out, const char *text, const char *first, const char *next, const char *end)
{
	size_t room = COLUMNS - strlen(first) - strlen(end);
	const char *lead = first;
	while (*text) {
		size_t n = strlen(text), cut = n;
		if (n > room) {
			for (cut = room; cut > 0 && !may_cut(text, cut, *end); cut--)
				;
			if (!cut) /* what is longer than a line and has no place to cut stays whole */
				for (cut = 1; text[cut] && !may_cut(text, cut, *end); cut++)
					;
		}
		strbuf_fmt(out, "%s%.*s%s\n", lead, (int)cut, text, text[cut] ? end : "");
		text += cut + (text[cut] == ' ');
		lead = next;
		room = COLUMNS - strlen(next) - strlen(end);
	}
}

/* A command of several lines is a here-document: as it is. */
static void add_command(struct strbuf *out, const char *text)
{
	if (!strchr(text, '\n')) {
		storyteller_wrap(out, text, "   $ ", "       ", " \\");
		return;
	}
	const char *lead = "   $ ";
	while (*text) {
		size_t n = strcspn(text, "\n");
		strbuf_fmt(out, "%s%.*s\n", lead, (int)n, text);
		text += n + (text[n] == '\n');
		lead = "";
	}
}

/* For a class: goes on with Enter; at the end of the input or by a signal it does not wait any more. */
static void wait_for_enter(struct storyteller *s)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	char c = 0;
	(void)fputs("   [Enter] ", stdout);
	(void)fflush(stdout);
	while (!interrupted && c != '\n') {
		if (poll(&p, 1, 200) <= 0)
			continue;
		if (read(STDIN_FILENO, &c, 1) <= 0) {
			s->pause = false;
			break;
		}
	}
	if (!isatty(STDIN_FILENO))
		(void)putchar('\n');
}

static void tell(void *data, enum tell what, const char *text)
{
	static const char *const colours[TELL_MAX] = {
	        [TELL_STEP] = "1", [TELL_COMMAND] = "36", [TELL_SAW] = "0", [TELL_WARN] = "33", [TELL_PROGRESS] = "2"};
	struct storyteller *s = data;
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	if (s->quiet || what == TELL_PROGRESS)
		return;
	if (what == TELL_STEP) {
		if (s->pause && s->steps++)
			wait_for_enter(s);
		(void)putchar('\n');
	}
	switch (what) {
	case TELL_COMMAND:
		add_command(&out, text);
		break;
	case TELL_STEP:
		storyteller_wrap(&out, text, "", "   ", "");
		break;
	case TELL_WARN:
		storyteller_wrap(&out, text, "   ! ", "     ", "");
		break;
	case TELL_SAW:
	case TELL_PROGRESS:
	case TELL_MAX:
		storyteller_wrap(&out, text, "     ", "     ", "");
		break;
	}
	if (s->colour && what < TELL_MAX)
		(void)printf("\033[%sm%s\033[0m", colours[what], out.buf);
	else
		(void)fputs(out.buf, stdout);
	(void)fflush(stdout);
}

void storyteller_open(struct storyteller *s, bool dry_run, bool pause, bool quiet)
{
	struct sigaction sa = {.sa_handler = on_signal};
	const char *no_color = getenv("NO_COLOR");
	*s = (struct storyteller){
	        .teller = {.tell = tell, .data = s, .dry_run = dry_run, .cancel = &interrupted},
	        .colour = isatty(STDOUT_FILENO) && !(no_color && *no_color),
	        .pause = pause,
	        .quiet = quiet,
	};
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGHUP, &sa, NULL);
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that left must not keep us from cleaning up */
}

int storyteller_failed(const char *command, int r, const struct error *err)
{
	return app_failf(r == -EINTR ? EXIT_INTERRUPTED : EXIT_FAILURE, "%s: %s", command,
	                 err->what[0] ? err->what : strerror(-r));
}
