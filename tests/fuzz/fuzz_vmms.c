/* A process of any VMM. Parts end with FF FF: program, command line, the file it names (whatever its form), fd link. */
#include "source/vmm/args.h"
#include "tree.h"
#include "vctop/base/vec.h"

static void check(const struct vm_config *c)
{
	must(c->runtime && *c->runtime);
	must(c->vcpus <= VMM_VCPUS_MAX);
	must(!c->name || c->name_from);
	fuzz_must_be_clean(c->name);
	fuzz_must_be_clean(c->uuid);
	fuzz_must_be_clean(c->image);
	fuzz_must_be_clean(c->problem);
	fuzz_must_be_clean(c->manager_id);
	fuzz_must_be_clean(c->pair);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rootfs *fs;
	static const char *const files[] = {"vm.json", "m.vmx", "box/box.vbox", "proc/7/root/.krun_vm.json"};
	const uint8_t *program, *line, *file;
	size_t program_n = fuzz_part(&data, &size, &program), line_n = fuzz_part(&data, &size, &line);
	size_t file_n = fuzz_part(&data, &size, &file);
	if (fuzz_tree(&fs)) {
		fuzz_link("proc/7/cwd", "/");
		fuzz_link("proc/7/fd/3", "/box/Logs/VBox.log");
		fuzz_link("proc/7/fd/4", "anon_inode:kvm-vm");
		fuzz_write("proc/7/mountinfo", "1 0 8:1 / / rw - ext4 /dev/a rw\n", 32);
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		fuzz_write(files[i], file, file_n);
	cleanup_free char *exe = fuzz_text(program, program_n), *text = fuzz_text(line, line_n);
	VEC(char *) argv = {0};
	for (size_t at = 0; at < line_n; at += strlen(text + at) + 1)
		vec_push(&argv, text + at);
	vec_push(&argv, NULL);
	struct process p = {.pid = 7,
	                    .exe = exe,
	                    .argv = argv.v,
	                    .argc = argv.n - 1,
	                    .closely = true,
	                    .stat = {.ppid = 1, .state = 'S'}};
	(void)snprintf(p.stat.comm, sizeof(p.stat.comm), "%s", exe);
	for (int i = 0; i < 2; i++, p.exe = NULL) {
		struct vm_config c = {0};
		if (vmm_recognise(fs, &p, &c)) {
			check(&c);
			vm_config_release(&c);
		}
	}
	vec_free(&argv);
	return 0;
}
