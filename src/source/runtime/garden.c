/* Garden (Cloud Foundry): cgroups .../garden/<guid>, or garden/good/<guid> and garden/bad/<guid> by CPU entitlement. */
#include <string.h>

#include "source/runtime/runtime.h"

extern const struct runtime_ops runtime_garden;

static bool match(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	size_t n;
	const char *up = runtime_above(path, leaf, 0, &n);
	/* A GUID begins it; tasks and checks add to it. */
	if (strspn(leaf, "0123456789abcdef-") < 36 || leaf[8] != '-' || leaf[13] != '-' || leaf[18] != '-' ||
	    leaf[23] != '-')
		return false;
	if ((n == 4 && memcmp(up, "good", 4) == 0) || (n == 3 && memcmp(up, "bad", 3) == 0))
		up = runtime_above(path, leaf, 1, &n);
	if (n != 6 || memcmp(up, "garden", 6) != 0)
		return false;
	(void)snprintf(id, RUNTIME_ID_MAX, "%s", leaf);
	return true;
}

const struct runtime_ops runtime_garden = {.name = "garden", .match = match};
