/*
 * What a guest itself says, through a socket that the user named or allowed.  Off unless asked for; see desk.c for
 * when, unix_table.c for whether at all, qmp.c and rest.c for what is asked.  Nothing but reading requests is sent.
 */
#ifndef SOURCE_GUEST_H
#define SOURCE_GUEST_H

#include <sys/types.h>

#include "vctop/base/strbuf.h"
#include "vctop/base/vec.h"
#include "vctop/model/metric.h"

#define GUEST_TIMEOUT_USEC 2000000
#define GUEST_TEXT_MAX 256U
#define GUEST_VCPUS_MAX 1024U

/* Plain values: it crosses threads. */
struct guest_answer {
	int err;           /* 0, or -errno and why */
	char why[256];     /* one clean line, for a person */
	int64_t mono_usec; /* when the last word was said */
	pid_t pid;         /* who listens on the socket; 0 unknown */
	char name[GUEST_TEXT_MAX], uuid[GUEST_TEXT_MAX];
	char state[64]; /* as the VMM calls it */
	bool paused;
	/* why is static. */
	struct metric vcpus, ram_bytes, balloon_bytes, used_bytes;
	pid_t tids[GUEST_VCPUS_MAX]; /* of the vCPU threads */
	unsigned tids_n;
};

enum guest_how { GUEST_QMP, GUEST_FIRECRACKER, GUEST_CLOUD_HYPERVISOR };

struct guest_socket {
	enum guest_how how;
	char *path;           /* where to connect */
	char *bound;          /* what the VMM called it when it bound it: the text in /proc/net/unix */
	pid_t pid;            /* whose it must be; 0: anybody's */
	VEC(pid_t) elsewhere; /* VMs in network namespaces other than ours: it may be bound there */
};

/*
 * Checks, connects, asks, disconnects; all of it by the deadline (CLOCK_MONOTONIC usec) and at once when something can
 * be read from cancel_fd (-1 none).  Always fills ret.
 */
void guest_ask(const struct guest_socket *s, int cancel_fd, int64_t deadline_usec, struct guest_answer *ret);

struct exchange;
int qmp_ask(struct exchange *x, struct guest_answer *ret);
int firecracker_ask(struct exchange *x, struct guest_answer *ret);
int cloud_hypervisor_ask(struct exchange *x, struct guest_answer *ret);

/* Puts clean text, cut. */
void guest_text(char *dst, size_t size, const char *text);
/* err and why at once; returns err. */
int guest_fail(struct guest_answer *a, int err, const char *fmt, ...) ATTR_PRINTF(3, 4);

#endif
