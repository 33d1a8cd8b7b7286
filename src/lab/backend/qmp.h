/* QEMU's monitor, of sample VMs alone: our own socket in our own directory.  Every call is bounded in time. */
#ifndef LAB_BACKEND_QMP_H
#define LAB_BACKEND_QMP_H

#include <jansson.h>

#include "vctop/base/error.h"
#include "vctop/base/strbuf.h"

struct qmp {
	int fd;
	struct strbuf in; /* read and not yet used */
};
#define QMP_INIT                                                                                                       \
	{                                                                                                              \
		.fd = -1, .in = STRBUF_INIT                                                                            \
	}
#define cleanup_qmp cleanup(qmp_close)

int qmp_open(struct qmp *q, const char *path, struct error *err);
void qmp_close(struct qmp *q);
/*
 * Executes a command; takes arguments (NULL none).  *ret (NULL allowed): the answer, to be released.  pass_fd: goes
 * along with it (getfd), or -1.
 */
int qmp_do(struct qmp *q, const char *command, json_t *arguments, int pass_fd, json_t **ret, struct error *err);

#endif
