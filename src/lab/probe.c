/* What the lab could use on this host, without making anything. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lab/lab.h"

static const char *change_for(const char *name, int code)
{
	if (strcmp(name, "builtin") == 0)
		return code == -EPERM ? "run vctop as root" : "";
	if (strcmp(name, "podman") == 0)
		return "apt install podman";
	if (strcmp(name, "runc") == 0 || strcmp(name, "crun") == 0)
		return code == -EPERM ? "run vctop as root" : code == -ENOENT ? "apt install runc crun" : "";
	if (strcmp(name, "docker") == 0)
		return code == -ENOENT ? "apt install docker.io" : "start dockerd, or join the group docker";
	if (strcmp(name, "firecracker") == 0 || strcmp(name, "cloud-hypervisor") == 0)
		return code == -ENOENT ? "not needed; its project offers a program to download" : "";
	return "";
}

unsigned backends_probe(struct backend_state *ret, unsigned max)
{
	const struct backend *b;
	unsigned n = 0;
	for (unsigned i = 0; n < max && (b = backend_nth(i)); i++) {
		struct error err = {0};
		if (strcmp(b->kind, "process") == 0)
			continue;
		int r = b->check(&err);
		struct backend_state *s = &ret[n++];
		*s = (struct backend_state){.name = b->name, .usable = r == 0};
		(void)snprintf(s->why, sizeof(s->why), "%.255s", err.what);
		if (r < 0)
			(void)snprintf(s->change, sizeof(s->change), "%s", change_for(b->name, r));
		else if (b->fallback && kvm_is_silent(s->change, sizeof(s->change)))
			(void)snprintf(s->why, sizeof(s->why),
			               "/dev/kvm opens, but no guest has reported since boot: emulated instead");
		else if (b->fallback)
			(void)snprintf(s->why, sizeof(s->why),
			               "/dev/kvm opens; a guest that does not report in time is emulated instead");
	}
	return n;
}
