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
	if (strcmp(name, "docker") == 0)
		return code == -ENOENT ? "apt install docker.io" : "start dockerd, or join the group docker";
	return "";
}

unsigned backends_probe(struct backend_state *ret, unsigned max)
{
	static const struct backend *const all[] = {
	        &backend_builtin, &backend_podman, &backend_docker, &backend_kvm, &backend_tcg,
	};
	unsigned n = 0;
	for (; n < ARRAY_SIZE(all) && n < max; n++) {
		struct error err = {0};
		int r = all[n]->check(&err);
		ret[n] = (struct backend_state){.name = all[n]->name, .usable = r == 0};
		(void)snprintf(ret[n].why, sizeof(ret[n].why), "%.255s", err.what);
		if (r < 0)
			(void)snprintf(ret[n].change, sizeof(ret[n].change), "%s", change_for(all[n]->name, r));
		else if (all[n] == &backend_kvm)
			(void)snprintf(ret[n].why, sizeof(ret[n].why),
			               "/dev/kvm opens; a guest that does not report in time is emulated instead");
	}
	return n;
}
