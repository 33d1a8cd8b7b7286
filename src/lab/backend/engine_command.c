/* Running podman or docker. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/backend/engine.h"
#include "lab/tool/spawn.h"
#include "vctop/base/text.h"

void command_add(struct command *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = xvasprintf(fmt, ap);
	va_end(ap);
	vec_push(&c->argv, s);
}

void command_release(struct command *c)
{
	for (size_t i = 0; i < c->argv.n; i++)
		free(c->argv.v[i]);
	vec_free(&c->argv);
}

/* Each word of `text` an argument. */
void command_add_words(struct command *c, const char *text)
{
	for (size_t n; *text; text += n + (text[n] == ' ')) {
		n = strcspn(text, " ");
		command_add(c, "%.*s", (int)n, text);
	}
}

bool command_start(struct command *c, const char *engine, struct error *err)
{
	cleanup_free char *path = spawn_find(engine);
	if (!path) {
		error_set(err, ENOENT, "%s: not found on PATH", engine);
		return false;
	}
	command_add(c, "%s", path);
	return true;
}

char *engine_place(const char *engine)
{
	static const char *const podman[] = {
	        "CONTAINERS_STORAGE_CONF",
	        "CONTAINERS_CONF",
	        "CONTAINERS_CONF_OVERRIDE",
	        "CONTAINER_HOST",
	        "CONTAINER_CONNECTION",
	        "STORAGE_DRIVER",
	        "STORAGE_OPTS",
	        "XDG_CONFIG_HOME",
	        "XDG_DATA_HOME",
	        NULL,
	};
	static const char *const docker[] = {"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", NULL};
	const char *const *of = strcmp(engine, "podman") == 0 ? podman : strcmp(engine, "docker") == 0 ? docker : NULL;
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	if (!of)
		return NULL;
	for (; *of; of++)
		if (getenv(*of))
			strbuf_fmt(&text, "%s%s=%s", text.len ? " " : "", *of, getenv(*of));
	return text_clean(xstrdup(text.len ? text.buf : ""), LAUNCHED_MAX_PLACE);
}

/* Runs and consumes the command. A failure becomes "ENGINE: first line of its stderr". */
int command_run(struct command *c, const char *engine, unsigned msec, const volatile sig_atomic_t *cancel,
                struct strbuf *out, struct error *err)
{
	struct spawn_result res = {.out = STRBUF_INIT, .err = STRBUF_INIT};
	char line[320];
	vec_push(&c->argv, NULL);
	int r = (c->writes ? spawn_run_whole : spawn_run)(c->argv.v, msec, cancel, &res);
	if (r == -ETIMEDOUT)
		r = error_set(err, ETIMEDOUT, "%s %s: no answer in %u s", engine, c->argv.v[1], msec / 1000);
	else if (r == -EINTR)
		r = error_set(err, EINTR, "%s: interrupted", engine);
	else if (r < 0)
		r = error_set(err, -r, "%s: %s", engine, strerror(-r));
	else if (res.status != 0)
		r = error_set(err, EIO, "%s: %s", engine,
		              res.err.len ? spawn_first_line(res.err.buf, line, sizeof(line))
		                          : "failed without a word");
	if (r == 0 && out)
		strbuf_add(out, res.out.buf, res.out.len);
	spawn_result_release(&res);
	command_release(c);
	return r;
}

int command_ask(const char *engine, const char *words, struct strbuf *out, struct error *err)
{
	struct command c = {0};
	if (!command_start(&c, engine, err))
		return -ENOENT;
	command_add_words(&c, words);
	return command_run(&c, engine, ENGINE_ASK_MSEC, NULL, out, err);
}

int command_do(const char *engine, const char *words, unsigned msec, struct error *err)
{
	struct command c = {.writes = true};
	if (!command_start(&c, engine, err))
		return -ENOENT;
	command_add_words(&c, words);
	return command_run(&c, engine, msec, NULL, NULL, err);
}
