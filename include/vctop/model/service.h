/* The host's own: systemd's services, slices and scopes that are no containers.  Only read when asked for. */
#ifndef VCTOP_MODEL_SERVICE_H
#define VCTOP_MODEL_SERVICE_H

#include <stdint.h>

#include "vctop/model/sample.h"

struct service {
	const char *name;   /* "ssh.service" */
	const char *cgroup; /* unique */
	uint64_t incarnation;
	struct sample sample;
};

/* With its rate; borrows from the snapshot. */
struct service_row {
	const struct service *service;
	struct metric cpu_used_cores;
};

#endif
