/*
 * The files a VMM has open that may be disk images: /proc/PID/fd.  QEMU holds the whole backing chain open, so no file
 * is ever opened that the VMM itself does not have; a name in a header is only compared with these.
 */
#ifndef STORAGE_VM_FILES_H
#define STORAGE_VM_FILES_H

#include "source/storage/disk_args.h"
#include "source/storage/qcow2.h"

#define VM_FILE_BUFFER QCOW2_HEAD_MAX

struct vm_file {
	char *path;                 /* link text, absolute, without " (deleted)" */
	const char *remote;         /* file system that could block: not looked into; NULL local */
	const struct disk_arg *arg; /* that names it; NULL none */
	const char *format;         /* static; NULL not known */
	const char *problem;        /* static: what is wrong with it */
	uint64_t virtual_bytes;
	struct qcow2 *qcow;    /* NULL: no qcow2 */
	char *snapshots;       /* names, cleaned */
	struct vm_file *below; /* that only the VMM knows to be below it; NULL none */
	struct stat st;
	char fd[24];
	bool deleted, block;
	bool appended; /* opened O_APPEND: a log */
	bool sized;    /* virtual_bytes is known */
	bool probed;   /* format is what the file itself says */
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
/* The path to open it by: its fd on the live host (deleted files too), its name in a captured tree. NULL none. */
char *vm_file_path(const struct rootfs *fs, pid_t pid, const struct vm_file *f);
/* Reads what it is (buf: VM_FILE_BUFFER bytes), or takes over what is known of the same file unchanged. */
void vm_file_look(struct rootfs *fs, pid_t pid, struct vm_files *before, struct vm_file *f, uint8_t *buf);
/* It has no format, whatever it begins with. */
void vm_file_set_raw(struct rootfs *fs, struct vm_file *f);
/* A name that is no path here: "nbd://h", "json:{...}". */
bool vm_name_is_url(const char *name);

#endif
