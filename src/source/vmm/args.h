/* What the recognisers share: whose program a process is, and the options on its command line. */
#ifndef SOURCE_VMM_ARGS_H
#define SOURCE_VMM_ARGS_H

#include "vctop/source/vmm.h"

#define VMM_NAME_MAX 256U
#define VMM_PATH_MAX 1024U
#define VMM_VCPUS_MAX 65536U

/*
 * The program's name: of the file where the link may be read, else what argv[0] claims.  Not NUL-terminated; 0 length
 * for kernel threads and the dead.  " (deleted)" and a wrapper's ".NAME-wrapped" are taken off.
 */
const char *vmm_program(const struct process *p, size_t *ret_len);
bool vmm_program_is(const struct process *p, const char *name);
/* The same program as its parent's: a fork that went on without exec. */
bool vmm_is_fork(struct rootfs *fs, const struct process *p);

/* The last value of an option: "--id x", "--id=x"; for a letter "-m x", "-mx". NULL none. Borrowed from argv. */
const char *vmm_option(const struct process *p, const char *option);
bool vmm_flag(const struct process *p, const char *word); /* is it one of the arguments */
/* "num-cores=2,max=4": the value of key; key NULL: a first part without '='. Heap; NULL none. */
char *vmm_suboption(const char *text, const char *key);
/* A clean copy cut to max bytes; NULL and "" give NULL. */
char *vmm_text(const char *s, size_t max);
/* Decimal, 1..max; 0: anything else. */
uint64_t vmm_count_of(const char *s, uint64_t max);

/*
 * Reads a file as the process sees it: below its root, relative paths from its working directory.  Only regular files,
 * and only from mounts that answer by themselves: no FUSE, no network.
 */
ssize_t vmm_read_file(struct rootfs *fs, pid_t pid, const char *path, size_t max, struct strbuf *sb);

/* "fc_vcpu 3" for the prefix "fc_vcpu ": prefix and decimal digits, nothing else. */
bool vmm_numbered(const char *comm, const char *prefix);

#endif
