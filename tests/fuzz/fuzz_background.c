/* What a container can put into /proc/PID/{mountinfo,status,net/dev}: its mounts, its name, its interfaces. */
#include <net/if.h>

#include "fuzz.h"
#include "source/background/isolation.h"
#include "source/background/mountinfo.h"
#include "source/background/network.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *raw = fuzz_copy(data, size);
	struct host_mounts host = {0};
	struct mount_facts mounts = {0};
	struct status_facts status = {0};
	struct mountinfo_line line;
	double rx = 0, tx = 0;
	char name[IFNAMSIZ];
	(void)mountinfo_parse(raw, size, &line);
	host_mounts_parse(raw, size, &host);
	for (int own = 0; own < 2; own++) {
		mount_facts_parse(raw, size, &host, own, &mounts);
		must(memchr(mounts.given, '\0', sizeof(mounts.given)));
	}
	host_mounts_release(&host);
	status_parse(raw, size, &status);
	(void)net_dev_parse(raw, size, NULL, 0, &rx, &tx);
	must(rx >= 0 && tx >= 0);
	if (tun_name_parse(raw, size, name))
		must(memchr(name, '\0', sizeof(name)));
	return 0;
}
