/*
 * vctop: containers and virtual machines side by side.
 *
 *  kernel files ─> source ─> snapshot ─> derive ─> frame ─> view
 *
 * src/README.md walks one tick through the code.
 */
#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"

static const struct command commands[] = {
        {"record", "store frames in a file, to look at later", cmd_record},
        {"replay", "look at a recording in any view", cmd_replay},
        {"watch", "collect history in the background", cmd_watch},
        {"judge", "run the verdict engine over recorded snapshots", cmd_judge},
        {"lifecycle", "an image from Dockerfile to a container elsewhere, timed and weighed", cmd_lifecycle},
        {"demo", "stories for a class: the death of a daemon, wasted allocations", cmd_demo},
        {"sample", "start, list and stop sample containers and VMs", cmd_sample},
        {"compare", "what a VM and a container cost: the same program in each, measured", cmd_compare},
        {"explain", "every number of one instance: file, raw text, formula, state", cmd_explain},
        {"doctor", "what can be seen here, what cannot, why, and what would change it", cmd_doctor},
        {"fields", "every field: key, unit, source, meaning", cmd_fields},
};

const struct command *command_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

/* What went to a full disk was not said. */
static int written(int status)
{
	bool lost = ferror(stdout) != 0;
	if (fflush(stdout) == 0 && !lost)
		return status;
	return errno == EPIPE ? status : app_failf(EXIT_FAILURE, "standard output: %s", strerror(errno));
}

/* From here on a block goes back to the kernel when it is freed; left alone, glibc keeps ever larger ones. */
#define LARGE_BLOCK (512 * 1024)

int main(int argc, char **argv)
{
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
	(void)setlocale(LC_CTYPE, "");
	const struct command *c = argc > 1 ? command_by_name(argv[1]) : NULL;
	return written(c ? c->run(argc - 1, argv + 1) : cmd_view(argc, argv));
}
