/*
 * What runtimes write about containers, and a container's own mountinfo.  Parts end with FF FF: docker's
 * config.v2.json, podman's containers.json, mountinfo, storage.conf, daemon.json.
 */
#include "source/runtime/runtime.h"
#include "tree.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TEXT_MAX 256

static void check(const struct facts *f)
{
	fuzz_must_be_clean(f->name);
	fuzz_must_be_clean(f->image);
	must(!f->name || strlen(f->name) <= TEXT_MAX);
	must(!f->writable || !strstr(f->writable, "/../"));
	must(!f->image_id || runtime_is_hex(f->image_id, 64));
	for (size_t i = 0; i < f->labels_n; i++) {
		fuzz_must_be_clean(f->labels[i].key);
		fuzz_must_be_clean(f->labels[i].value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rootfs *fs;
	static const char *const files[] = {
	        "var/lib/docker/containers/" ID "/config.v2.json",
	        "var/lib/containers/storage/overlay-containers/containers.json",
	        "proc/1/mountinfo",
	        "etc/containers/storage.conf",
	        "etc/docker/daemon.json",
	};
	struct facts_table t;
	struct snapshot *notices = snapshot_new();
	void *v;
	(void)fuzz_tree(&fs);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const uint8_t *part;
		size_t n = fuzz_part(&data, &size, &part);
		fuzz_write(files[i], part, n);
	}
	facts_table_init(&t, fs);
	for (unsigned i = 0; i < runtime_count; i++)
		if (runtime_table[i]->learn)
			runtime_table[i]->learn(&t, 1);
	for (int i = 0; i < 2; i++)
		facts_table_refresh(&t, notices);
	for (size_t it = 0; map_next(&t.by_id, &it, NULL, &v);)
		check(v);
	facts_table_release(&t);
	snapshot_free(notices);
	return 0;
}
