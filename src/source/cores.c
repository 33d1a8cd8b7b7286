#include "source/cores.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vctop/base/parse.h"

#define NODES_MAX 64
#define CORES_MAX 4096
#define NODE_DIR "sys/devices/system/node"

struct node {
	unsigned id;
	char *path;
	struct kfile meminfo;
};

struct core_reader {
	struct rootfs *fs;
	VEC(struct node) nodes;
	int16_t *node_of; /* by core; -1 unknown */
};

/* "0-3,8-11" into the table. */
static void note_cores(struct core_reader *c, const char *list, int16_t node)
{
	for (const char *s = list; *s;) {
		size_t n = strcspn(s, ",\n"), dash = strcspn(s, "-,\n");
		uint64_t from, to;
		if (parse_u64(s, dash, &from) == 0) {
			to = from;
			if (dash < n && parse_u64(s + dash + 1, n - dash - 1, &to) < 0)
				to = from;
			for (uint64_t i = from; i <= to && i < CORES_MAX; i++)
				c->node_of[i] = node;
		}
		s += n + (s[n] != '\0');
	}
}

static bool add_node(struct core_reader *c, unsigned id)
{
	char path[64];
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	(void)snprintf(path, sizeof(path), NODE_DIR "/node%u/cpulist", id);
	if (rootfs_read(c->fs, path, 65536, &sb) <= 0)
		return false;
	note_cores(c, sb.buf, (int16_t)id);
	struct node n = {id, xasprintf(NODE_DIR "/node%u/meminfo", id), KFILE_INIT};
	vec_push(&c->nodes, n);
	return true;
}

struct core_reader *core_reader_new(struct rootfs *fs)
{
	struct core_reader *c = xcalloc(1, sizeof(*c));
	c->fs = fs;
	c->node_of = xreallocarray(NULL, CORES_MAX, sizeof(*c->node_of));
	for (size_t i = 0; i < CORES_MAX; i++)
		c->node_of[i] = -1;
	/* Node numbers may have holes, but seldom long ones. */
	for (unsigned id = 0, missing = 0; id < NODES_MAX && missing < 4; id++)
		missing = add_node(c, id) ? 0 : missing + 1;
	return c;
}

void core_reader_free(struct core_reader *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->nodes.n; i++) {
		kfile_close(c->fs, &c->nodes.v[i].meminfo);
		free(c->nodes.v[i].path);
	}
	vec_free(&c->nodes);
	free(c->node_of);
	free(c);
}

/* "cpu3 user nice system idle iowait irq softirq ...": what counts as busy is as for the whole. */
static bool read_core(const struct core_reader *c, const char *line, size_t n, struct core *ret)
{
	uint64_t id, v[7] = {0};
	const char *w;
	size_t wn;
	if (!parse_word(line, n, 0, &w, &wn) || wn < 4 || parse_u64(w + 3, wn - 3, &id) < 0 || id >= CORES_MAX)
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(v); i++)
		if (!parse_word(line, n, i + 1, &w, &wn) || parse_u64(w, wn, &v[i]) < 0)
			return false;
	double tick = 1e6 / (double)sysconf(_SC_CLK_TCK);
	*ret = (struct core){(unsigned)id, c->node_of[id],
	                     metric_ok((double)(v[0] + v[1] + v[2] + v[5] + v[6]) * tick)};
	return true;
}

static struct metric amount(const char *buf, ssize_t n, unsigned node, const char *what)
{
	char key[48];
	uint64_t v;
	(void)snprintf(key, sizeof(key), "Node %u %s", node, what);
	if (n < 0 || parse_colon(buf, (size_t)n, key, &v) < 0)
		return metric_errno(n < 0 ? (int)n : -EINVAL, "the node's meminfo does not say");
	return metric_ok((double)v);
}

void core_reader_sample(struct core_reader *c, const char *stat, size_t len, struct snapshot *ret)
{
	const char *end = stat + len, *line = memchr(stat, '\n', len), *next;
	for (; line && (next = memchr(line + 1, '\n', (size_t)(end - line - 1))); line = next) {
		struct core core;
		if (strncmp(line + 1, "cpu", 3) != 0)
			break;
		if (read_core(c, line + 1, (size_t)(next - line - 1), &core))
			vec_push(&ret->cores, core);
	}
	for (size_t i = 0; i < c->nodes.n && c->nodes.n > 1; i++) {
		struct node *n = &c->nodes.v[i];
		char buf[4096];
		ssize_t got = kfile_read(c->fs, &n->meminfo, n->path, buf, sizeof(buf));
		struct numa_node node = {n->id, amount(buf, got, n->id, "MemTotal"),
		                         amount(buf, got, n->id, "MemFree")};
		vec_push(&ret->nodes, node);
	}
}
