/*
 * `vctop explain`: the files that were really read for one instance (a trace of the ticks), and which of them stand
 * behind a field: those that a reader cites for it (rootfs_cite), and those that its `source` in the field table names.
 */
#ifndef APP_EXPLAIN_H
#define APP_EXPLAIN_H

#include "vctop/base/map.h"
#include "vctop/base/vec.h"
#include "vctop/model/field.h"
#include "vctop/source/rootfs.h"

struct past;

struct reading {
	char *text[2]; /* in the first and in the second tick; NULL not read then. NULs are blanks */
	int error;
};

struct citation {
	char *path;
	char *text; /* NULL: as it was read */
};

struct citations {
	int tick; /* in which they were made */
	VEC(struct citation) v;
};

struct explain {
	char *id; /* NULL while the instance is looked for: nothing is remembered */
	char *cgroup, *runtime_id;
	pid_t pid, monitor;
	struct map readings;    /* path -> struct reading */
	VEC(const char *) ours; /* of these, those of the instance and of PID 1, in order */
	struct map citations;   /* field key -> struct citations */
	int tick;
};

/* Callbacks of struct rootfs_trace; data is the struct explain. */
void explain_read(void *data, const char *path, const char *text, ssize_t n);
void explain_cite(void *data, const char *instance, const char *field, const char *path, const char *text);
/* From here on what is read for this instance is remembered. */
void explain_watch(struct explain *x, const struct row *r);
void explain_release(struct explain *x);
/* `path` if its text holds the value, else another file, not the kernel's, that does; NULL none. Borrowed. */
const char *explain_file_with(const struct explain *x, const char *path, const char *value);

/* The part of a source that speaks of this kind: what is marked with it ("VM: ..."), else what is not marked. */
char *explain_source(const char *source, enum instance_kind kind);
/* Does the source name this file of the instance, and had its text a part in the number? */
bool explain_names(const struct explain *x, const char *source, const char *path);
/* Is this a line of a keyed file ("VmHWM: 3 kB", "some total=5") whose key the source names? */
bool explain_names_line(const char *source, const char *line, size_t n);

/* The whole answer. columns: to wrap at; 0: lines as long as they are. */
void explain_print(const struct explain *x, const struct row *r, const struct past *past, int columns,
                   struct strbuf *out);

#endif
