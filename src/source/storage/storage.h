/*
 * What instances and image stores occupy on disk.  Read-only, without the daemons, and slowly: a refresh works in
 * bounded slices, and what was not reached yet says so ("not measured yet").
 */
#ifndef SOURCE_STORAGE_H
#define SOURCE_STORAGE_H

#include "source/runtime/runtime.h"
#include "vctop/model/background.h"

#define STORAGE_USEC 30000000

struct storage;

struct storage *storage_new(struct rootfs *fs);
void storage_free(struct storage *s);
/* Re-reads what changed since the last time, at most every STORAGE_USEC. */
void storage_refresh(struct storage *s, const struct facts_table *facts, int64_t now_usec);
/* Differs when a container's answer may. */
unsigned storage_changes(const struct storage *s);
/*
 * Image, shared bytes and layers of a container; strings are f's or the store's, or static.  f NULL: unknown container.
 */
void storage_container(struct storage *s, const struct facts *f, struct disk *ret);
/* Disks of a VM, from the image files its VMM has open. Read at each call: to be asked seldom. */
void storage_vm(struct storage *s, pid_t vmm, struct arena *a, struct disk *ret);
/*
 * Blocks below the writable layer of a container, measured again after a minute; at most *budget directory entries
 * (counted down). It is kept in f.
 */
struct metric storage_writable(struct rootfs *fs, struct facts *f, int64_t now_usec, unsigned *budget);
/* One struct store per image store on the host. */
void storage_stores(struct storage *s, struct snapshot *snap);

#endif
