/* A cgroup that a test makes: on the list of what tests/run.sh removes, should the test be killed. */
#ifndef VCTOP_TESTS_OWN_GROUP_H
#define VCTOP_TESTS_OWN_GROUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void remember_group(const char *dir)
{
	const char *state = getenv("VCTOP_TEST_STATE");
	char list[4096];
	if (!state)
		return;
	(void)snprintf(list, sizeof(list), "%s/unit-%d.list", state, (int)getpid());
	FILE *f = fopen(list, "ae");
	if (!f)
		return;
	(void)fprintf(f, "cgroup %s\n", dir);
	(void)fclose(f);
}

#endif
