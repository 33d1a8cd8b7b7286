/*
 * The files a VMM has open that may be disk images: /proc/PID/fd.  QEMU holds the whole backing chain open, so no file
 * is ever opened that the VMM itself does not have; a name in a header is only compared with these.
 */
#ifndef STORAGE_VM_FILES_H
#define STORAGE_VM_FILES_H

#include "source/storage/disk_args.h"
#include "source/storage/qcow2.h"

struct vm_file {
	char *path; /* link text, absolute, without " (deleted)" */
	char fd[24];
	struct stat st;
	bool deleted, block;
	const char *remote;         /* file system that could block: not looked into; NULL local */
	bool appended;              /* opened O_APPEND: a log */
	const struct disk_arg *arg; /* that names it; NULL none */
	const char *format;         /* static */
	const char *problem;        /* static: what is wrong with it */
	bool sized;                 /* virtual_bytes is known */
	uint64_t virtual_bytes;
	struct qcow2 *qcow;    /* NULL: no qcow2 */
	char *snapshots;       /* names, cleaned */
	bool probed;           /* format is what the file itself says */
	struct vm_file *below; /* that only the VMM knows to be below it; NULL none */
	bool disk, lower, counted;
};

struct vm_files {
	VEC(struct vm_file) v;
	pid_t pid;
	struct disk_args args;
	char *cwd;
};

/* Lists and looks into them; what `before` (NULL: none) holds unchanged is taken over from it. -errno: fds unreadable.
 */
int vm_files_read(struct rootfs *fs, pid_t pid, struct vm_files *before, struct vm_files *ret);
void vm_files_release(struct vm_files *f);
/* The open file that `name` means for an image at `from`; NULL none. */
struct vm_file *vm_files_find(struct rootfs *fs, struct vm_files *f, const char *name, const char *from);
/* It has no format, whatever it begins with. */
void vm_file_set_raw(struct rootfs *fs, struct vm_file *f);
/* A name that is no path here: "nbd://h", "json:{...}". */
bool vm_name_is_url(const char *name);

#endif
