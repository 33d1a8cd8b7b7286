/* Settings: small files of `key = value` lines, and the options that bear the same names. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "vctop/base/parse.h"

#define FILE_MAX ((size_t)64 * 1024)
#define PRICE_MAX 1e9

static struct config settings;
static struct config options; /* stronger than files, whichever comes first */

static const char *set_price(struct metric *price, const char *value)
{
	double v;
	if (parse_double(value, &v) < 0 || v > PRICE_MAX)
		return "not a price: a number like 0.03 is";
	*price = metric_ok(v);
	return NULL;
}

/* NULL, or why not. */
static const char *set(struct config *c, const char *key, const char *value)
{
	if (strcmp(key, "price-core-hour") == 0)
		return set_price(&c->prices.core_hour, value);
	if (strcmp(key, "price-gib-hour") == 0)
		return set_price(&c->prices.gib_hour, value);
	if (strcmp(key, "never-idle") == 0) {
		free(c->never_idle);
		c->never_idle = xstrdup(value);
		return NULL;
	}
	return "no such setting";
}

static char *trim(char *s)
{
	s += strspn(s, " \t\r");
	for (size_t n = strlen(s); n && strchr(" \t\r", s[n - 1]);)
		s[--n] = '\0';
	return s;
}

/* One bad line costs that line: a setting of another version must not keep anybody from looking. */
static void read_lines(const char *path, char *text)
{
	unsigned number = 0;
	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		char *key = trim(line);
		if (!*key || *key == '#')
			continue;
		char *value = strchr(key, '=');
		if (!value) {
			(void)app_failf(0, "%s:%u: %s: not a line of key = value", path, number, key);
			continue;
		}
		*value++ = '\0';
		key = trim(key);
		value = trim(value);
		const char *why = set(&settings, key, value);
		if (why)
			(void)app_failf(0, "%s:%u: %s: %s: %s", path, number, key, value, why);
	}
}

static void read_file(const char *path)
{
	struct stat st;
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			(void)app_failf(0, "%s: %s", path, strerror(errno));
		return;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (size_t)st.st_size > FILE_MAX) {
		(void)app_failf(0, "%s: not a file of settings", path);
		return;
	}
	cleanup_free char *text = xcalloc(1, FILE_MAX + 1);
	ssize_t n = read(fd, text, FILE_MAX);
	if (n > 0 && !memchr(text, '\0', (size_t)n))
		read_lines(path, text);
	else if (n != 0)
		(void)app_failf(0, "%s: %s", path, n < 0 ? strerror(errno) : "not text");
}

static void load(void)
{
	const char *dir = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	read_file("/etc/vctop.conf");
	if (dir && *dir == '/') {
		cleanup_free char *path = xasprintf("%s/vctop/config", dir);
		read_file(path);
	} else if (home && *home == '/') {
		cleanup_free char *path = xasprintf("%s/.config/vctop/config", home);
		read_file(path);
	}
	if (metric_is_ok(options.prices.core_hour))
		settings.prices.core_hour = options.prices.core_hour;
	if (metric_is_ok(options.prices.gib_hour))
		settings.prices.gib_hour = options.prices.gib_hour;
	if (options.never_idle) {
		free(settings.never_idle);
		settings.never_idle = xstrdup(options.never_idle);
	}
}

const struct config *config(void)
{
	static bool loaded;
	if (!loaded)
		load();
	loaded = true;
	return &settings;
}

int config_option(const char *key, const char *value)
{
	const char *why = set(&options, key, value);
	return why ? app_failf(EXIT_BAD_USE, "--%s: %s: %s", key, value, why) : 0;
}
