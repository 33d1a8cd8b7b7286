/*
 * The register of samples on disk and its lock.
 *
 *   /run/vctop/lock               held while samples are made known, changed or removed
 *   /run/vctop/samples/NAME.json  one sample (source/launched.h)
 *   /run/vctop/ct-NAME, vm-NAME, ps-NAME   its files, if it needs some
 *   /run/vctop/st-NAME            a story's sockets and states; its data are in /var/tmp/vctop-NAME
 *   /run/vctop/kvm-silent         the boot id during which no KVM guest reported
 *
 * Without root all of it is below $XDG_RUNTIME_DIR instead of /run.  The directories go with the last sample.
 */
#ifndef LAB_REGISTER_H
#define LAB_REGISTER_H

#include "vctop/base/error.h"
#include "vctop/source/launched.h"

/* The register's directory, whether it is there or not. */
int reg_path(char *path, size_t size, struct error *err);

struct reg {
	int dir, samples, lock; /* -1: not open */
	char path[160];         /* of dir */
};
#define REG_INIT                                                                                                       \
	{                                                                                                              \
		.dir = -1, .samples = -1, .lock = -1                                                                   \
	}
#define cleanup_reg cleanup(reg_close)

/* Opens the register, making its directories; want_write false: -ENOENT when there is none. */
int reg_open(struct reg *r, bool want_write, struct error *err);
/* Takes the lock, opening the register anew when it was removed meanwhile. Waits a bounded time. */
int reg_lock(struct reg *r, struct error *err);
/* Removes what is empty, then lets go. */
void reg_unlock(struct reg *r);
void reg_close(struct reg *r);

/* All good files, ordered by name. */
int reg_list(const struct reg *r, launched_vec *ret, struct error *err);
/* -ENOENT none, -EINVAL there is one and it cannot be used. */
int reg_read(const struct reg *r, const char *name, struct launched *ret);
/* These two need the lock. */
int reg_write(const struct reg *r, const struct launched *l, struct error *err);
int reg_remove(const struct reg *r, const char *name, struct error *err);
bool reg_has(const struct reg *r, const char *name);

/* "ct-NAME", "vm-NAME", "ps-NAME" (process) or "st-NAME" (story): the leaf of its cgroup and of its directory. */
void sample_leaf(const char *kind, const char *name, char ret[48]);
const char *sample_kind(const char *leaf); /* static; NULL: no sample's leaf */
/* The sample's own directory (0700); path gets its full name. */
int reg_make_dir(const struct reg *r, const char *leaf, char *path, size_t size, struct error *err);
void reg_remove_dir(const struct reg *r, const char *leaf);

#endif
