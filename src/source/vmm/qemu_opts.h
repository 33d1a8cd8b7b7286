/*
 * The grammars of QEMU's option values, apart from what the options mean:
 *   QemuOpts and keyval  "first,key=value,flag"   ("," inside a value is doubled; the first may lack its key)
 *   JSON                 '{"qom-type": "...", "file": {"filename": "..."}}'   (nested keys: "file.filename")
 *   -readconfig          [group "id"] lines followed by  key = "value"
 * Pure: text in, calls out.  Strings given to the callbacks are raw and live only during the call.
 */
#ifndef VCTOP_SOURCE_VMM_QEMU_OPTS_H
#define VCTOP_SOURCE_VMM_QEMU_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void (*qemu_opt_visit)(void *data, const char *key, const char *value);
/* Calls visit for each key; `implied` is the key of a first value without one. -EINVAL: malformed JSON. */
int qemu_opts_each(const char *text, const char *implied, qemu_opt_visit visit, void *data);

struct qemu_ini_visitor {
	void (*begin)(void *data, const char *group, const char *id); /* id "" none */
	qemu_opt_visit key;
	void (*end)(void *data);
	void *data;
};
/* 0, or the number of the first line that is none of the grammar; lines after it are still read. */
unsigned qemu_ini_each(const char *buf, size_t len, const struct qemu_ini_visitor *v);

/* A count: decimal, or hex after 0x; -ERANGE above max. */
int qemu_parse_count(const char *s, uint64_t max, uint64_t *ret);
/* A size: "1.5G", "2097152k", "0x40000000", "100b"; a bare number is MiB or bytes. Up to 2^53. */
int qemu_parse_size(const char *s, bool bare_is_mib, uint64_t *ret);

#endif
