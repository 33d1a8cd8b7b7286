/* What carries images from machine to machine. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/story/lifecycle.h"

#define REGISTRY_MSEC 10000
#define DRY_PORT 5000

/* A port of the loopback interface that nobody listens on; the kernel's choice. */
static unsigned free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	cleanup_close int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return 0;
	return ntohs(a.sin_port);
}

static bool listens(unsigned port)
{
	struct sockaddr_in a = {
	        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	cleanup_close int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
}

static int start_registry(struct life *l, const char *program, struct error *err)
{
	char line[320];
	l->port = l->s.t->dry_run ? DRY_PORT : free_port();
	cleanup_free char *config = xasprintf("%s/registry.yml", l->s.dir);
	cleanup_free char *text = xasprintf("version: 0.1\n"
	                                    "storage:\n"
	                                    "  filesystem:\n"
	                                    "    rootdirectory: %s/registry\n"
	                                    "http:\n"
	                                    "  addr: 127.0.0.1:%u\n",
	                                    l->s.dir, l->port);
	int r = story_write(&l->s, config, text, err);
	if (r == 0)
		r = story_start(&l->s, "registry", &l->registry, err, "%s serve %s", program, config);
	for (unsigned waited = 0; r == 0 && !l->s.t->dry_run && !listens(l->port); waited += 50) {
		if (!story_runs(&l->registry) || waited >= REGISTRY_MSEC)
			return error_set(err, EIO, "%s: %s", program, story_log(&l->s, "registry", line, sizeof(line)));
		r = story_nap(&l->s, 50, err);
	}
	return r;
}

/* Without one, images travel through a directory in the layout that registries have, too. */
int life_registry(struct life *l, struct error *err)
{
	static const char *const programs[] = {"docker-registry", "registry"};
	struct error why = {0};
	int r = -ENOENT;
	story_step(&l->s, "a registry on the loopback interface, to carry images from machine to machine");
	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(programs); i++) {
		if (story_has(&l->s, programs[i], &why) < 0)
			continue;
		r = start_registry(l, programs[i], &why);
		(void)snprintf(l->ret->registry, sizeof(l->ret->registry), "%s on 127.0.0.1:%u", programs[i], l->port);
	}
	l->ret->has_registry = r == 0;
	if (r == 0)
		return 0;
	if (story_over(r))
		return error_set(err, -r, "%s", why.what);
	l->port = 0;
	(void)snprintf(l->ret->registry, sizeof(l->ret->registry), "an OCI layout directory");
	story_warn(&l->s, "%s; an OCI layout directory takes its place", why.what);
	return 0;
}
