/* A command line, arguments ended by NUL; what follows FF FF is the -readconfig file. */
#include "fuzz.h"
#include "source/storage/disk_args.h"
#include "source/vmm/qemu_args.h"
#include "vctop/base/vec.h"

struct config {
	const uint8_t *data;
	size_t size;
};

static ssize_t read_config(void *data, const char *path, struct strbuf *sb)
{
	const struct config *c = data;
	(void)path;
	strbuf_clear(sb);
	strbuf_add(sb, c->data, c->size);
	return (ssize_t)c->size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line;
	size_t n = fuzz_part(&data, &size, &line);
	cleanup_free char *text = fuzz_text(line, n);
	struct config config = {data, size};
	const struct qemu_reader reader = {read_config, &config};
	VEC(char *) argv = {0};
	for (size_t at = 0; at < n; at += strlen(text + at) + 1)
		vec_push(&argv, text + at);
	vec_push(&argv, NULL);
	struct process p = {.pid = 1, .argv = argv.v, .argc = argv.n - 1};
	struct qemu_launch launch = {0};
	if (p.argc) {
		qemu_args_parse(&p, &reader, &launch);
		fuzz_must_be_clean(launch.config.name);
		fuzz_must_be_clean(launch.config.image);
		fuzz_must_be_clean(launch.config.uuid);
		fuzz_must_be_clean(launch.config.problem);
		vm_config_release(&launch.config);
	}
	static char qemu[] = "/usr/bin/qemu-system-x86_64";
	p.exe = qemu;
	for (int i = 0; i < 2; i++, p.exe = NULL) {
		struct disk_args disks;
		disk_args_parse(&p, &disks);
		disk_args_release(&disks);
	}
	vec_free(&argv);
	return 0;
}
