/* Image stores made by hand: docker's graph drivers and containers-storage, sound and hostile. */
#include "source/storage/images.h"
#include "source/storage/storage.h"
#include "tree.h"

#define D "var/lib/docker"
#define P "var/lib/containers/storage"

struct fixture {
	struct tree t;
	struct rootfs *fs;
	struct facts_table facts;
	struct storage *s;
	struct snapshot *snap;
	int64_t now;
};

/* 64 hex digits of one kind. */
static const char *hex(char c)
{
	static char text[8][65];
	static unsigned n;
	char *s = text[n++ % 8];
	memset(s, c, 64);
	s[64] = '\0';
	return s;
}

static void put(struct fixture *f, const char *text, const char *fmt, ...)
{
	cleanup_strbuf struct strbuf path = STRBUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	strbuf_vfmt(&path, fmt, ap);
	va_end(ap);
	tree_write(&f->t, path.buf, text);
}

static void layer(struct fixture *f, char chain, char diff, char parent, const char *size)
{
	cleanup_free char *dir = xasprintf(D "/image/overlay2/layerdb/sha256/%s", hex(chain));
	cleanup_free char *diff_id = xasprintf("sha256:%s", hex(diff));
	put(f, diff_id, "%s/diff", dir);
	put(f, size, "%s/size", dir);
	if (parent) {
		cleanup_free char *up = xasprintf("sha256:%s", hex(parent));
		put(f, up, "%s/parent", dir);
	}
}

/* An image of the layers with these diffs. */
static void image(struct fixture *f, char id, const char *diffs, char parent)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	strbuf_str(&text, "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	for (const char *d = diffs; *d; d++)
		strbuf_fmt(&text, "%s\"sha256:%s\"", d == diffs ? "" : ",", hex(*d));
	strbuf_str(&text, "]}}");
	put(f, text.buf, D "/image/overlay2/imagedb/content/sha256/%s", hex(id));
	if (parent) {
		cleanup_free char *up = xasprintf("sha256:%s", hex(parent));
		put(f, up, D "/image/overlay2/imagedb/metadata/sha256/%s/parent", hex(id));
	}
}

static void docker_container(struct fixture *f, char id, char img, const char *driver)
{
	cleanup_free char *text = xasprintf(
	        "{\"Name\":\"/c%c\",\"Driver\":\"%s\",\"Image\":\"sha256:%s\",\"Config\":{}}", id, driver, hex(img));
	put(f, text, D "/containers/%s/config.v2.json", hex(id));
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	tree_init(&f->t);
	tree_mkdir(&f->t, "proc");
	f->fs = rootfs_open(f->t.root, NULL);
	assert_non_null(f->fs);
	facts_table_init(&f->facts, f->fs, NULL);
	f->s = storage_new(f->fs);
	f->snap = snapshot_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	storage_free(f->s);
	facts_table_release(&f->facts);
	snapshot_free(f->snap);
	rootfs_close(f->fs);
	tree_release(&f->t);
	free(f);
	return 0;
}

/* A refresh as if half a minute had passed; the only store, or NULL. */
static const struct store *refresh(struct fixture *f)
{
	snapshot_clear(f->snap);
	facts_table_refresh(&f->facts, f->snap);
	f->now += STORAGE_USEC;
	for (int i = 0; i < 3; i++)
		storage_refresh(f->s, &f->facts, f->now + i);
	storage_stores(f->s, f->snap);
	return f->snap->stores.n ? &f->snap->stores.v[0] : NULL;
}

static struct disk container(struct fixture *f, char id)
{
	struct disk d = {0};
	storage_container(f->s, map_get(&f->facts.by_id, hex(id)), &d);
	return d;
}

#define same(metric, value)                                                                                            \
	do {                                                                                                           \
		assert_true(metric_is_ok(metric));                                                                     \
		assert_int_equal((metric).v, value);                                                                   \
	} while (0)

/* base (1) <- one (2), two (3); a build's step (4) without a name below "two". */
static void fill_docker(struct fixture *f)
{
	layer(f, 'a', '1', 0, "1000");
	layer(f, 'b', '2', 'a', "200");
	layer(f, 'c', '3', 'a', "30");
	layer(f, 'd', '4', 'c', "5000"); /* nobody's: build cache */
	image(f, '1', "1", 0);
	image(f, '2', "12", 0);
	image(f, '3', "13", '4');
	image(f, '4', "13", '1');
	cleanup_free char *names =
	        xasprintf("{\"Repositories\":{\"base\":{\"base:1\":\"sha256:%s\"},\"one\":{\"one:1\":"
	                  "\"sha256:%s\",\"one@sha256:0\":\"sha256:%s\"},\"two\":{\"two:1\":\"sha256:%s\"}}}",
	                  hex('1'), hex('2'), hex('2'), hex('3'));
	put(f, names, D "/image/overlay2/repositories.json");
	docker_container(f, 'e', '2', "overlay2");
}

static void test_docker(void **state)
{
	struct fixture *f = *state;
	fill_docker(f);
	const struct store *st = refresh(f);
	assert_non_null(st);
	assert_string_equal(st->runtime, "docker");
	assert_string_equal(st->path, "/" D);
	assert_string_equal(st->driver, "overlay2");
	same(st->images, 3); /* not the step */
	same(st->layers, 4);
	same(st->containers, 1);
	same(st->images_bytes, 1230);
	same(st->layers_bytes, 6230);
	same(st->reclaimable_bytes, 1030); /* all but what "one" alone uses */
	struct disk d = container(f, 'e');
	same(d.image_bytes, 1200);
	same(d.shared_bytes, 1000);
	same(d.layers, 2);
	assert_string_equal(d.driver, "overlay2");
	assert_int_equal(d.virtual_bytes.st, METRIC_ABSENT);
}

static void note(void *data, const char *instance, const char *field, const char *path, const char *text)
{
	const char *slash = strrchr(path, '/');
	strbuf_fmt(data, "%s %s %s%.*s %s\n", instance, field,
	           strncmp(path, D, strlen(D)) == 0 ? "" : "elsewhere: ", (int)(slash - path > 3 ? 3 : 0),
	           slash > path + 3 ? slash - 3 : "", text);
}

/* The layer by the root mount of a container's init: only a snapshot of a containerd that is known here. */
static void test_layer_of_mounts(void **state)
{
	struct fixture *f = *state;
	static const char snapshot[] = "/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs";
	static const struct {
		const char *line, *want; /* after "1 2 0:3 / " and before snapshot: "%s" */
	} rows[] = {
	        {"/ rw - overlay overlay rw,lowerdir=/l,upperdir=/var/lib/containerd%s,workdir=/w",
	         "var/lib/containerd"},
	        {"/ rw - overlay overlay rw,upperdir=/var/lib/containerd%s", "var/lib/containerd"},
	        {"/ rw - overlay overlay rw,upperdir=/srv/c%s,x", "srv/c"}, /* as a configuration says */
	        {"/ rw - overlay overlay rw,upperdir=/" D "/containerd/daemon%s", D "/containerd/daemon"},
	        {"/ rw - overlay overlay rw,upperdir=/elsewhere%s", NULL},
	        {"/ rw - overlay overlay rw,upperdir=/var/lib/containerd/..%s", NULL},
	        {"/ rw - overlay overlay rw,upperdir=/var/lib/containerd%s/../../x", NULL},
	        {"/ rw - overlay overlay rw,upperdir=/var/lib/containerd%s2", NULL},
	        {"/ rw - overlay overlay rw,upperdir=/etc", NULL},
	        {"/ rw - overlay overlay rw", NULL},
	        {"/ rw - ext4 /dev/x rw,upperdir=/var/lib/containerd%s", NULL},
	        {"/mnt rw - overlay overlay rw,upperdir=/var/lib/containerd%s", NULL},
	        {"", NULL},
	};
	put(f, "root = \"/srv/c\"\nstate = \"/run/c\"\n", "etc/c.toml");
	facts_learn_containerd(&f->facts, NULL, "/etc/c.toml");
	facts_learn_containerd(&f->facts, "relative", "");
	fill_docker(f);
	(void)refresh(f);
	struct facts *c = map_get(&f->facts.by_id, hex('e'));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		const char *mark = strstr(rows[i].line, "%s");
		size_t head = mark ? (size_t)(mark - rows[i].line) : strlen(rows[i].line);
		strbuf_fmt(&text, "1 2 0:3 / %.*s%s%s\n9 1 0:4 / /proc rw - proc proc rw\n", (int)head, rows[i].line,
		           mark ? snapshot : "", mark ? mark + 2 : "");
		put(f, text.buf, "proc/%zu/mountinfo", 100 + i);
		facts_find_layer(&f->facts, c, (pid_t)(100 + i));
		cleanup_free char *want = rows[i].want ? xasprintf("%s%s", rows[i].want, snapshot) : NULL;
		if (!want != !c->writable || (want && strcmp(want, c->writable) != 0))
			fail_row(i, "%s", c->writable ? c->writable : "none");
	}
	facts_find_layer(&f->facts, c, 99); /* without mounts */
	assert_null(c->writable);
	c->writable = xstrdup("known/by/a/file");
	c->layer_pid = 0;
	facts_find_layer(&f->facts, c, 100);
	assert_string_equal(c->writable, "known/by/a/file");
}

/* What explain is told: the files of its own layers and image, and nothing where nobody asks. */
static void test_docker_cited(void **state)
{
	struct fixture *f = *state;
	cleanup_strbuf struct strbuf said = STRBUF_INIT;
	fill_docker(f);
	(void)refresh(f);
	(void)container(f, 'e');
	rootfs_set_trace(f->fs, &(struct rootfs_trace){.cite = note, .data = &said});
	(void)container(f, 'e');
	assert_int_equal(said.len, 0); /* for nobody */
	rootfs_cite_for(f->fs, "docker:e");
	(void)container(f, 'e');
	assert_string_equal(said.buf, "docker:e disk.image_bytes bbb 200 (images that use it: 1)\n"
	                              "docker:e disk.image_bytes aaa 1000 (images that use it: 3)\n"
	                              "docker:e disk.shared_bytes aaa 1000 (images that use it: 3)\n"
	                              "docker:e disk.layers 256 \"rootfs\".\"diff_ids\": 2 digests\n");
}

static void test_docker_changes(void **state)
{
	struct fixture *f = *state;
	fill_docker(f);
	assert_non_null(refresh(f));
	/* A second look reads nothing again that is named by its content. */
	uint64_t before = rootfs_stats(f->fs).opens;
	f->now += STORAGE_USEC;
	storage_refresh(f->s, &f->facts, f->now);
	assert_true(rootfs_stats(f->fs).opens - before < 10); /* lists, names, parents that are not there */
	/* Within the half minute nothing is read at all. */
	before = rootfs_stats(f->fs).opens;
	storage_refresh(f->s, &f->facts, f->now + 1000);
	assert_int_equal(rootfs_stats(f->fs).opens, before);
	/* An image and its layer go, a container comes. */
	static const char *const files[] = {"diff", "size", "parent"};
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		cleanup_free char *name = xasprintf(D "/image/overlay2/layerdb/sha256/%s/%s", hex('b'), files[i]);
		tree_remove(&f->t, name);
	}
	cleanup_free char *dir = xasprintf(D "/image/overlay2/layerdb/sha256/%s", hex('b'));
	tree_remove_dir(&f->t, dir);
	docker_container(f, 'f', '3', "overlay2");
	const struct store *st = refresh(f);
	same(st->layers, 3);
	same(st->containers, 2);
	struct disk d = container(f, 'e');
	assert_string_equal(d.image_bytes.why, "a layer of its image is missing");
	same(container(f, 'f').image_bytes, 1030);
}

static void test_docker_containerd(void **state)
{
	struct fixture *f = *state;
	docker_container(f, 'e', '2', "overlayfs");
	const struct store *st = refresh(f);
	assert_non_null(st);
	assert_null(st->driver);
	assert_int_equal(st->images.st, METRIC_ABSENT);
	assert_non_null(strstr(st->images.why, "containerd"));
	same(st->containers, 1);
	struct disk d = container(f, 'e');
	assert_non_null(strstr(d.image_bytes.why, "containerd"));
	assert_string_equal(d.driver, "overlayfs");
}

static void test_docker_hostile(void **state)
{
	struct fixture *f = *state;
	layer(f, 'a', '1', 0, "not a number");
	layer(f, 'b', '2', 'b', "18446744073709551615"); /* its own parent, larger than anything */
	layer(f, 'c', '3', 'd', "7");
	put(f, "sha256:short", D "/image/overlay2/layerdb/sha256/%s/diff", hex('9'));
	tree_mkdir(&f->t, D "/image/overlay2/layerdb/sha256/tmp");
	image(f, '1', "1", '1');
	image(f, '2', "12", 0);
	put(f, "[]", D "/image/overlay2/imagedb/content/sha256/%s", hex('5'));
	put(f, "{\"rootfs\":{\"diff_ids\":[7]}}", D "/image/overlay2/imagedb/content/sha256/%s", hex('6'));
	put(f, "", D "/image/overlay2/imagedb/content/sha256/%s", hex('7'));
	put(f, "{\"Repositories\":{\"x\":[1],\"y\":{\"z\":{}}}}", D "/image/overlay2/repositories.json");
	docker_container(f, 'e', '1', "overlay2");
	docker_container(f, 'f', '8', "/../../x");
	const struct store *st = refresh(f);
	same(st->layers, 3);
	same(st->images, 1);
	assert_int_equal(st->layers_bytes.st, METRIC_ABSENT);
	assert_string_equal(container(f, 'e').image_bytes.why, "the size of a layer is not recorded");
	assert_null(container(f, 'f').driver);
	assert_int_equal(container(f, 'f').image_bytes.st, METRIC_ABSENT);
}

#define LAYER(id, parent, rest) "{\"id\":\"" id "\",\"parent\":\"" parent "\"" rest "}"
#define H(c) c c c c c c c c c c c c c c c c
#define X(c) H(c c c c)

static const char layers_json[] = "[" LAYER(X("a"), "", ",\"diff-digest\":\"sha256:1\",\"diff-size\":1024") "," LAYER(
        X("b"), X("a"),
        ",\"diff-digest\":\"sha256:2\",\"diff-size\":2048") "," LAYER(X("c"), X("b"),
                                                                      ",\"diff-digest\":\"sha256:3\",\"diff-size\":"
                                                                      "4096") "," LAYER(X("d"), X("b"),
                                                                                        ",\"diff-size\":-1") "]"; /* a
                                                                                                                     container's
                                                                                                                   */
static const char images_json[] = "[{\"id\":\"" X("1") "\",\"names\":[\"localhost/a:1\"],\"layer\":\"" X(
        "b") "\",\"big-data-sizes\":{\"m\":100,\"c\":11}},"
             "{\"id\":\"" X("2") "\",\"layer\":\"" X("c") "\",\"big-data-sizes\":{\"m\":200}}]";
static const char containers_json[] = "[{\"id\":\"" X("e") "\",\"image\":\"" X("1") "\",\"layer\":\"" X(
        "d") "\","
             "\"metadata\":\"{\\\"name\\\":\\\"web\\\",\\\"image-name\\\":\\\"localhost/a:1\\\"}\"}]";

static void fill_podman(struct fixture *f, const char *driver, const char *layers, const char *images)
{
	put(f, layers, P "/%s-layers/layers.json", driver);
	put(f, images, P "/%s-images/images.json", driver);
	put(f, containers_json, P "/%s-containers/containers.json", driver);
}

static void test_podman(void **state)
{
	struct fixture *f = *state;
	static const char *const drivers[] = {"overlay", "vfs"};
	fill_podman(f, "overlay", layers_json, images_json);
	const struct store *st = refresh(f);
	assert_string_equal(st->runtime, "podman");
	assert_string_equal(st->driver, drivers[0]);
	same(st->images, 2);
	same(st->layers, 3);
	same(st->containers, 1);
	same(st->images_bytes, 1024 + 2048 + 4096 + 311);
	same(st->layers_bytes, 1024 + 2048 + 4096);
	same(st->reclaimable_bytes, 1024 + 2048 + 4096 + 311 - 111);
	struct disk d = container(f, 'e');
	same(d.image_bytes, 3072 + 111);
	same(d.shared_bytes, 3072);
	same(d.layers, 2);
	/* Not read again while the files are the same. */
	uint64_t before = rootfs_stats(f->fs).reads;
	assert_non_null(refresh(f));
	assert_int_equal(rootfs_stats(f->fs).reads, before);
	put(f, "[]", P "/overlay-images/images.json");
	same(refresh(f)->images, 0);
	assert_string_equal(container(f, 'e').image_bytes.why, "its image has been removed");
}

static void test_podman_vfs_and_volatile(void **state)
{
	struct fixture *f = *state;
	fill_podman(f, "vfs", "[]", images_json);
	put(f, layers_json, P "/vfs-layers/volatile-layers.json");
	const struct store *st = refresh(f);
	assert_string_equal(st->driver, "vfs");
	same(st->layers, 3);
	same(container(f, 'e').image_bytes, 3183);
}

static void test_podman_hostile(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *layers, *images, *why;
	} rows[] = {
	        {"", "[]", "the image store's records are not valid JSON"},
	        {"[", images_json, "the image store's records are not valid JSON"},
	        {"{}", images_json, "the image store's records are not valid JSON"},
	        {"[]", images_json, "a layer of its image is missing"},
	        /* parents in a loop: each counted once */
	        {"[" LAYER(X("a"), X("b"), ",\"diff-digest\":\"x\",\"diff-size\":1") "," LAYER(
	                 X("b"), X("a"), ",\"diff-digest\":\"x\",\"diff-size\":2") "]",
	         images_json, NULL},
	        {"[" LAYER(X("b"), "", ",\"diff-digest\":\"x\",\"diff-size\":-5") "]", images_json,
	         "the size of a layer is not recorded"},
	        {"[" LAYER(X("b"), "", ",\"diff-digest\":\"x\",\"diff-size\":9223372036854775807") "]", images_json,
	         "the size of a layer is not recorded"},
	        {"[1,null,[],{\"id\":7},{\"id\":\"../../x\"}]", "[{},3,{\"id\":\"/\"}]", "its image has been removed"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fill_podman(f, "overlay", rows[i].layers, rows[i].images);
		(void)refresh(f);
		struct disk d = container(f, 'e');
		if (!rows[i].why && (!metric_is_ok(d.image_bytes) || (int)d.image_bytes.v != 114))
			fail_row(i, "%f %s", d.image_bytes.v, d.image_bytes.why);
		if (rows[i].why && (metric_is_ok(d.image_bytes) || strcmp(d.image_bytes.why, rows[i].why) != 0))
			fail_row(i, "%s, expected %s", d.image_bytes.why, rows[i].why);
	}
}

static int deny(void *data, const char *op, const char *path)
{
	(void)op;
	return strstr(path, data) ? -EACCES : 0;
}

static void test_denied(void **state)
{
	struct fixture *f = *state;
	fill_podman(f, "overlay", layers_json, images_json);
	rootfs_set_fault(f->fs, deny, (void *)(uintptr_t) "images.json");
	const struct store *st = refresh(f);
	assert_int_equal(st->images.st, METRIC_DENIED);
	assert_int_equal(st->reclaimable_bytes.st, METRIC_DENIED);
	assert_int_equal(container(f, 'e').image_bytes.st, METRIC_DENIED);
}

static void test_nothing(void **state)
{
	struct fixture *f = *state;
	struct disk d = {0};
	storage_container(f->s, NULL, &d);
	assert_int_equal(d.image_bytes.st, METRIC_ABSENT);
	assert_non_null(d.image_bytes.why);
	assert_null(refresh(f));
	tree_mkdir(&f->t, D "/containers");
	assert_non_null(refresh(f));
	tree_remove_dir(&f->t, D "/containers");
	tree_remove_dir(&f->t, D);
	assert_null(refresh(f)); /* a store may go */
}

/* More files than one slice: earlier answers stay until the new ones are whole. */
static void test_slices(void **state)
{
	struct fixture *f = *state;
	fill_docker(f);
	for (unsigned i = 0; i < 1200; i++) {
		cleanup_free char *id = xasprintf("%064x", i);
		put(f, "sha256:" X("0"), D "/image/overlay2/layerdb/sha256/%s/diff", id);
		put(f, "1", D "/image/overlay2/layerdb/sha256/%s/size", id);
	}
	facts_table_refresh(&f->facts, f->snap);
	storage_refresh(f->s, &f->facts, 1);
	storage_stores(f->s, f->snap);
	assert_string_equal(f->snap->stores.v[0].images.why, "not measured yet");
	assert_string_equal(container(f, 'e').image_bytes.why, "not measured yet");
	for (int i = 2; i < 8; i++)
		storage_refresh(f->s, &f->facts, i);
	same(container(f, 'e').image_bytes, 1200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_docker, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_layer_of_mounts, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_docker_cited, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_docker_changes, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_docker_containerd, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_docker_hostile, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_podman, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_podman_vfs_and_volatile, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_podman_hostile, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_denied, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_slices, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
