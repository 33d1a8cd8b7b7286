/*
 * A program that an iterator of the kernel's runs for each of its things.  It is put together instruction by
 * instruction, so that no compiler for BPF is needed to build or to run vctop.
 */
#ifndef SOURCE_BPF_PROGRAM_H
#define SOURCE_BPF_PROGRAM_H

/* Outside: without the library program.c has them alone, and a file without any declaration is no C. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/bpf/types.h"
#include "vctop/source/rootfs.h"

#ifdef HAVE_BPF
#include <linux/bpf.h>

#define PROGRAM_MAX 4096 /* the kernel's own limit without CAP_BPF */
#define EXITS_MAX 96
#define MISSING_MAX 96

struct program {
	struct bpf_insn insns[PROGRAM_MAX];
	size_t n;
	size_t exits[EXITS_MAX], exits_n; /* jumps to the end, whose offset is not known yet */
	int cast, counter; /* of bpf_rdonly_cast (Linux 6.2), and of a structure that begins with 8 bytes; 0 none */
};

void put(struct program *p, int code, int dst, int src, int off, int imm);
void put_move(struct program *p, int dst, int src);
void put_set(struct program *p, int dst, int value);
void put_add(struct program *p, int dst, int value);
void put_load(struct program *p, int dst, int base, int off); /* 8 bytes */
void put_load_sized(struct program *p, int dst, int base, int off, size_t size);
void put_store(struct program *p, int base, int off, int src);
void put_store_sized(struct program *p, int base, int off, int src, size_t size);
void put_store_value(struct program *p, int base, int off, int value);
void put_constant(struct program *p, int dst, uint64_t value);
/* An address that only the kernel knows: a map, or a variable of its own. */
void put_address(struct program *p, int dst, int of_what, int which);
void put_call(struct program *p, int helper);
/* r0 = 0 when so many bytes at r3 could be copied to where base + to points; takes r1 to r5, as all calls do. */
void put_copy(struct program *p, int base, int to, size_t size);

/* A jump forward to wherever land() is called with what this returns. */
size_t put_jump_if(struct program *p, int condition, int reg, int value);
size_t put_jump_by(struct program *p, int condition, int a, int b);
size_t put_jump_unless_same(struct program *p, int a, int b);
void land(struct program *p, size_t jump);

/* Jumps to where it goes on when something is not there. */
struct missing {
	size_t at[MISSING_MAX], n;
};
void land_all(struct program *p, struct missing *m);
void exit_all(struct program *p, struct missing *m); /* it does not go on then */
/*
 * r1 = what is in memory at r3 + off.  By a plain load where that is possible (program_loads): the processor begins
 * several before the first is done.  What cannot be read is 0 then, so whoever follows a pointer looks whether it is
 * one.  Not through the kernel's own types: each pointer that is followed so costs the verifier a search through all of
 * them.  scratch: 8 bytes of the stack that may be overwritten.
 */
void put_peek(struct program *p, int scratch, int off, size_t size, struct missing *m);
bool program_loads(const struct program *p);

/* A jump to the end, which put_end() is. */
void put_exit_if(struct program *p, int condition, int reg, int value);
void put_end(struct program *p);

/* r6 = the thing it runs for, r8 = where to write to; seq: where struct bpf_iter_meta has that. */
void put_reader(struct program *p, int seq);
/* To whoever reads: so many bytes of its stack. */
void put_write(struct program *p, int from, size_t size);

/* target: the id of the iterator's function (types.h); sleeps: it calls what may. Its fd, or -errno. */
int program_load(const struct program *p, const char *name, int target, bool sleeps);
/*
 * What `make` puts into an empty program and loads, first with plain loads where the kernel has what they need, and
 * with copies if it refuses them (no JIT).
 */
typedef int (*program_make)(struct program *p, const void *data);
int program_build(struct kernel_types *types, program_make make, const void *data);
/* To the groups at and below a directory, in that BPF_CGROUP_ITER_ order: the link's fd, or -errno. */
int program_attach(int program, struct rootfs *fs, const char *mount, int order);
#endif

#endif
