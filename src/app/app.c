#include "app/app.h"

#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define MIN_DELAY 0.01
#define MAX_DELAY 86400.0

int app_fail(int status, const struct error *err)
{
	(void)fprintf(stderr, "vctop: %s\n", err->what);
	return status;
}

int app_failf(int status, const char *fmt, ...)
{
	char line[600];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "vctop: %s\n", text_clean(line, sizeof(line) - 1));
	return status;
}

int app_write_to(int fd, const struct strbuf *sb)
{
	for (size_t done = 0; done < sb->len;) {
		ssize_t n = write(fd, sb->buf + done, sb->len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

int app_write(const struct strbuf *sb)
{
	return app_write_to(STDOUT_FILENO, sb);
}

const char *app_option(char *const *argv)
{
	static char name[3] = "-";
	const char *word = argv[optind - 1];
	/* optopt is 0 for an unknown long option; for one misused, its number or the letter that means the same. */
	if (optopt == 0 || optopt > 255 || (strncmp(word, "--", 2) == 0 && word[2] == (char)optopt))
		return word;
	name[1] = (char)optopt;
	return name;
}

int app_print(const struct strbuf *sb)
{
	int r = app_write(sb);
	if (r < 0 && r != -EPIPE)
		return app_failf(EXIT_FAILURE, "standard output: %s", strerror(-r));
	return EXIT_SUCCESS;
}

bool app_ascii(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

int option_delay(const char *arg, double *ret)
{
	if (parse_double(arg, ret) < 0 || *ret < MIN_DELAY || *ret > MAX_DELAY)
		return app_failf(EXIT_BAD_USE, "-d: %s: not a number of seconds from %.2f to %.0f", arg, MIN_DELAY,
		                 MAX_DELAY);
	return 0;
}

int option_count(const char *arg, unsigned long *ret)
{
	uint64_t n;
	if (parse_u64(arg, strlen(arg), &n) < 0 || n < 1)
		return app_failf(EXIT_BAD_USE, "-n: %s: not a positive whole number", arg);
	*ret = n;
	return 0;
}
