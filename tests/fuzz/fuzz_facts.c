/*
 * What runtimes write about containers, and a container's own mountinfo.  Parts end with FF FF; the first byte of a
 * part says which file it is ('A' the first).
 */
#include "source/runtime/runtime.h"
#include "tree.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TASK "run/containerd/io.containerd.runtime.v2.task/default/" ID

static const char *const files[] = {
        "var/lib/docker/containers/" ID "/config.v2.json",
        "var/lib/containers/storage/overlay-containers/containers.json",
        "proc/1/mountinfo",
        "etc/containers/storage.conf",
        "etc/docker/daemon.json",
        "var/lib/containers/storage/overlay-containers/" ID "/userdata/config.json",
        "var/lib/containers/storage/overlay-containers/" ID "/userdata/buildah.json",
        TASK "/config.json",
        TASK "/init.pid",
        "etc/containerd/config.toml",
        "run/runc/x/state.json",
        "run/crun/x/status",
        "var/lib/lxc/x/config",
        "run/incus/x/lxc.conf",
        "run/systemd/machines/x",
        "run/user/1000/.flatpak/7/info",
        "run/vctop/samples/x.json",
        "etc/passwd",
};

static void check(const struct facts *f)
{
	fuzz_must_be_clean(f->name);
	fuzz_must_be_clean(f->image);
	fuzz_must_be_clean(f->pod);
	must(!f->image_id || runtime_is_hex(f->image_id, 64));
	must(f->pid >= 0);
	for (size_t i = 0; i < f->labels_n; i++) {
		fuzz_must_be_clean(f->labels[i].key);
		fuzz_must_be_clean(f->labels[i].value);
	}
}

static void write_files(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		cleanup_free char *path = fuzz_path(files[i]);
		(void)unlink(path);
	}
	while (size) {
		const uint8_t *part;
		size_t n = fuzz_part(&data, &size, &part);
		if (n)
			fuzz_write(files[(uint8_t)(part[0] - 'A') % ARRAY_SIZE(files)], part + 1, n - 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rootfs *fs;
	struct facts_table t;
	void *v;
	if (fuzz_tree(&fs))
		fuzz_write("run/user/1000/.flatpak/7/pid", "1\n", 2);
	struct snapshot *notices = snapshot_new();
	write_files(data, size);
	facts_table_init(&t, fs, NULL);
	for (unsigned i = 0; i < runtime_count; i++)
		if (runtime_table[i]->learn)
			runtime_table[i]->learn(&t, 1, NULL);
	for (int i = 0; i < 2; i++)
		facts_table_refresh(&t, notices);
	for (size_t it = 0; map_next(&t.by_id, &it, NULL, &v);)
		check(v);
	facts_table_release(&t);
	snapshot_free(notices);
	return 0;
}
