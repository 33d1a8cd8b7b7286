/* The child that becomes a builtin container. */
#ifndef LAB_BACKEND_INSIDE_H
#define LAB_BACKEND_INSIDE_H

#include <stdint.h>

struct inside {
	const char *program; /* the static program: becomes /init */
	const char *root;    /* a directory to put the new root over, in our own mount namespace */
	const char *name, *workload;
	unsigned threads;
	uint64_t bytes;
	int answers; /* its standard output */
};

/* struct detached.run: runs in the new namespaces, after the parent has put us into the cgroup. Never returns. */
void inside_run(void *data, int report_fd);

#endif
