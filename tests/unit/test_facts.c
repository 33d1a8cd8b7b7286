/* What runtimes' files and their containers' mounts tell: parts of JSON, Docker's data root. */
#include "source/runtime/runtime.h"

#include "tree.h"

extern const struct runtime_ops runtime_docker;

struct fixture {
	struct tree t;
	struct rootfs *fs;
	struct facts_table facts;
};

static void fixture_init(struct fixture *f)
{
	tree_init(&f->t);
	tree_mkdir(&f->t, "proc");
	f->fs = rootfs_open(f->t.root, NULL);
	assert_non_null(f->fs);
	facts_table_init(&f->facts, f->fs, NULL);
}

static void fixture_release(struct fixture *f)
{
	facts_table_release(&f->facts);
	rootfs_close(f->fs);
	tree_release(&f->t);
}

/* As jansson would have it, without what was not asked for. */
static void test_members(void **state)
{
	(void)state;
	static const char *const members[] = {"id", "config.labels", "config.state.pid", "paths"};
	static const struct {
		const char *text, *want; /* want NULL: no object */
	} rows[] = {
	        {"{\"id\":\"a\",\"x\":[1,{\"id\":2}],\"paths\":{\"m\":\"/p\"}}",
	         "{\"id\":\"a\",\"paths\":{\"m\":\"/p\"}}"},
	        {" {\"config\" : {\"y\":{}, \"labels\" : [ \"b\\u00e9=\\\"\" ] ,\"state\":{\"pid\":7,\"z\":1}} }\n",
	         "{\"config\":{\"labels\":[\"b\xc3\xa9=\\\"\"],\"state\":{\"pid\":7}}}"},
	        {"{\"config\":3,\"ids\":1,\"i\":2}", "{\"config\":null}"},
	        {"{\"id\":1,\"id\":2}", "{\"id\":2}"},
	        {"{\"config\":{\"labels\":1},\"config\":{}}", "{\"config\":{}}"},
	        {"{\"config.labels\":1}", "{}"},
	        {"{}", "{}"},
	        /* Read in whole: a key in escapes. */
	        {"{\"\\u0069d\":1}", "{\"id\":1}"},
	        {"{\"id\":1", NULL},
	        {"{\"id\":1} x", NULL},
	        {"{\"id\":1,\"x\":\"\xff\"}", NULL},
	        {"{\"id\":1,\"x\":tru}", NULL},
	        {"[\"id\"]", NULL},
	        {"", NULL},
	};
	struct fixture f;
	fixture_init(&f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tree_write(&f.t, "state.json", rows[i].text);
		json_t *o = facts_json_of(&f.facts, "state.json", members, ARRAY_SIZE(members));
		char *got = o ? json_dumps(o, JSON_COMPACT) : NULL;
		if (!got != !rows[i].want || (got && strcmp(got, rows[i].want) != 0))
			fail_row(i, "%s", got ? got : "none");
		free(got);
		json_decref(o);
	}
	assert_null(facts_json_of(&f.facts, "nowhere", members, ARRAY_SIZE(members)));
	fixture_release(&f);
}

/* The data root by the root mount, whether in the beginning that is read first or not. */
static void test_learn(void **state)
{
	(void)state;
	static const struct {
		unsigned before; /* mounts before that of / */
		const char *line, *want;
	} rows[] = {
	        {0, "/ rw - overlay overlay rw,lowerdir=/l,upperdir=/srv/a/overlay2/x/diff,workdir=/w", "srv/a"},
	        {40, "/ rw - overlay overlay rw,upperdir=/srv/b/overlay2/x/diff", "srv/b"},
	        {14, "/ rw - overlay overlay rw,upperdir=/srv/a-directory-that-lies-across-the-end/overlay2/x/diff",
	         "srv/a-directory-that-lies-across-the-end"},
	        {0, "/ rw - overlay overlay rw,upperdir=/srv/c/other/x/diff", NULL},
	        {0, "/ rw - overlay overlay rw,upperdir=relative/overlay2/x/diff", NULL},
	        {0, "/mnt rw - overlay overlay rw,upperdir=/srv/d/overlay2/x/diff", NULL},
	        {0, "/ rw - ext4 /dev/vda rw", NULL},
	};
	struct fixture f;
	fixture_init(&f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		size_t known = f.facts.roots.live;
		for (unsigned k = 0; k < rows[i].before; k++)
			strbuf_fmt(&text, "%u 1 0:4 / /a-mount-of-some-length-%u rw - tmpfs tmpfs rw\n", k + 10, k);
		strbuf_fmt(&text, "9 1 0:3 / %s\n8 1 0:4 / /proc rw - proc proc rw\n", rows[i].line);
		tree_write(&f.t, "proc/7/mountinfo", text.buf);
		runtime_docker.learn(&f.facts, 7, NULL);
		if (f.facts.roots.live - known != (rows[i].want ? 1 : 0) ||
		    (rows[i].want && !map_get(&f.facts.roots, rows[i].want)))
			fail_row(i, "%zu", f.facts.roots.live - known);
	}
	runtime_docker.learn(&f.facts, 8, NULL); /* gone */
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_members),
	        cmocka_unit_test(test_learn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
