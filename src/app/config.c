/* Settings: small files of `key = value` lines, and the options that bear the same names. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
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

/* Settings of the dashboard that are one word, or names with commas. */
static const struct word {
	const char *key, *allowed; /* one of these, with blanks around; NULL anything */
	size_t at;
} words[] = {
        {"columns", NULL, offsetof(struct config, columns)},
        {"theme", " any dark light mono ", offsetof(struct config, theme)},
        {"graph", " dots blocks ", offsetof(struct config, graph)},
        {"use", " amount share ", offsetof(struct config, use)},
        {"mouse", " yes no ", offsetof(struct config, mouse)},
};

static const char *set_word(struct config *c, const struct word *w, const char *value)
{
	char **place = (char **)((char *)c + w->at);
	cleanup_free char *padded = xasprintf(" %s ", value);
	if (w->allowed && (!*value || strchr(value, ' ') || !strstr(w->allowed, padded)))
		return w->allowed;
	free(*place);
	*place = xstrdup(value);
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
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(key, words[i].key) == 0)
			return set_word(c, &words[i], value);
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

/* Of the user; NULL: nobody says where. */
static char *own_path(void)
{
	const char *dir = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	if (dir && *dir == '/')
		return xasprintf("%s/vctop/config", dir);
	return home && *home == '/' ? xasprintf("%s/.config/vctop/config", home) : NULL;
}

static void load(void)
{
	cleanup_free char *own = own_path();
	read_file("/etc/vctop.conf");
	if (own)
		read_file(own);
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

/* The file's text with that one line in place of what said the same before. */
static void with_line(const char *text, const char *key, const char *value, struct strbuf *sb)
{
	size_t n = strlen(key);
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n"), blank = strspn(line, " \t");
		const char *after = line + blank + n;
		bool same = strncmp(line + blank, key, n) == 0 && after[strspn(after, " \t")] == '=';
		if (!same) {
			strbuf_add(sb, line, len);
			strbuf_char(sb, '\n');
		}
		line += len + (line[len] != '\0');
	}
	strbuf_fmt(sb, "%s = %s\n", key, value);
}

static int write_whole(const char *path, const struct strbuf *sb)
{
	cleanup_free char *fresh = xasprintf("%s.new", path);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, sb->buf, sb->len);
	int r = n == (ssize_t)sb->len ? 0 : n < 0 ? -errno : -ENOSPC;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(fresh, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(fresh);
	return r;
}

int config_keep(const char *key, const char *value, struct error *err)
{
	cleanup_free char *path = own_path();
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	char text[FILE_MAX + 1] = "";
	if (!path)
		return error_set(err, ENOENT, "settings are not kept: neither XDG_CONFIG_HOME nor HOME is set");
	cleanup_free char *dir = xstrdup(path);
	*strrchr(dir, '/') = '\0';
	char *parent_end = strrchr(dir, '/');
	*parent_end = '\0';
	(void)mkdir(dir, 0700);
	*parent_end = '/';
	(void)mkdir(dir, 0700);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd >= 0 ? read(fd, text, FILE_MAX) : 0;
	if (n < 0 || n == (ssize_t)FILE_MAX)
		return error_set(err, EIO, "settings are not kept: %s cannot be read", path);
	text[n] = '\0';
	with_line(text, key, value, &sb);
	int r = write_whole(path, &sb);
	return r < 0 ? error_set(err, -r, "settings are not kept: %s: %s", path, strerror(-r)) : 0;
}
