/* A VMM's open files. Parts end with FF FF: command line, image a, image b (both open), fdinfo, mountinfo. */
#include "source/storage/storage.h"
#include "tree.h"

static void check(struct metric m)
{
	if (metric_is_ok(m)) {
		must(m.v >= 0);
	} else {
		must(m.why);
		fuzz_must_be_clean(m.why);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rootfs *fs;
	static const char stat[] =
	        "7 (qemu) S 1 7 7 0 -1 0 0 0 0 0 5 5 0 0 20 0 3 0 100 0 50 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
	static const char *const files[] = {"proc/7/cmdline", "vm/a", "vm/b", "proc/7/fdinfo/3", "proc/7/mountinfo"};
	if (fuzz_tree(&fs)) {
		fuzz_write("proc/7/stat", stat, sizeof(stat) - 1);
		fuzz_write("proc/7/comm", "qemu\n", 5);
		fuzz_link("proc/7/exe", "/usr/bin/qemu-system-x86_64");
		fuzz_link("proc/7/cwd", "/vm");
		fuzz_link("proc/7/fd/3", "/vm/a");
		fuzz_link("proc/7/fd/4", "/vm/b");
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const uint8_t *part;
		size_t n = fuzz_part(&data, &size, &part);
		fuzz_write(files[i], part, n);
	}
	struct facts_table facts;
	struct arena arena = {0};
	struct disk d = {0};
	struct storage *s = storage_new(fs);
	facts_table_init(&facts, fs, NULL);
	for (int i = 0; i < 2; i++) {
		storage_refresh(s, &facts, 1 + i * STORAGE_USEC);
		storage_vm(s, 7, &arena, &d);
		check(d.virtual_bytes);
		check(d.allocated_bytes);
		check(d.chain);
		check(d.snapshots);
		fuzz_must_be_clean(d.detail);
	}
	storage_free(s);
	facts_table_release(&facts);
	arena_release(&arena);
	return 0;
}
