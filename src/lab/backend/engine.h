/* What the parts of podman and docker samples share: commands, run and waited for. */
#ifndef LAB_BACKEND_ENGINE_H
#define LAB_BACKEND_ENGINE_H

#include "lab/lab.h"

#define ENGINE_ASK_MSEC 10000    /* questions: a daemon that takes longer is not working */
#define ENGINE_WORK_MSEC 60000   /* import, run, commit */
#define ENGINE_REMOVE_MSEC 20000 /* while others wait for the register */
#define ENGINE_IMAGE "localhost/vctop-sample"
#define ENGINE_SNAPSHOT "localhost/vctop-snapshot"

struct command {
	VEC(char *) argv;
	bool writes; /* to the engine's store: killed in its middle, it would leave an image that no command can read */
};

void command_add(struct command *c, const char *fmt, ...) ATTR_PRINTF(2, 3);
/* Each word of `text` an argument. */
void command_add_words(struct command *c, const char *text);
/* Its first word: the program's path. false: there is none, err says so. */
bool command_start(struct command *c, const char *engine, struct error *err);
/* Runs and consumes the command. A failure becomes "ENGINE: first line of its stderr". */
int command_run(struct command *c, const char *engine, unsigned msec, const volatile sig_atomic_t *cancel,
                struct strbuf *out, struct error *err);
/* A question of plain words, and an order that is carried out to its end even when we do not live to see it. */
int command_ask(const char *engine, const char *words, struct strbuf *out, struct error *err);
int command_do(const char *engine, const char *words, unsigned msec, struct error *err);
void command_release(struct command *c);
/* What of the environment says which store or host a command is for (heap, cleaned); NULL: no engine. */
char *engine_place(const char *engine);
void engine_commands(const struct launch *ln, struct strbuf *ret);

#endif
