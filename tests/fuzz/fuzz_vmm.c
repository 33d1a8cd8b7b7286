/*
 * A process that may be a VMM and the files it names.  Parts end with FF FF: command line (arguments ended by NUL; the
 * first is the program), then the file /vm/f, /vm/f.vbox beside an open log, and a file of libvirt's or machined's.
 */
#include "source/vm/vm_names.h"
#include "tree.h"
#include "vctop/base/vec.h"
#include "vctop/source/vmm.h"

static void check(struct vm_config *c)
{
	fuzz_must_be_clean(c->name);
	fuzz_must_be_clean(c->uuid);
	fuzz_must_be_clean(c->image);
	fuzz_must_be_clean(c->problem);
	must(c->ram_bytes <= UINT64_C(1) << 60);
	vm_config_release(c);
}

static void look(struct rootfs *fs, char *text, size_t n)
{
	VEC(char *) argv = {0};
	for (size_t at = 0; at < n; at += strlen(text + at) + 1)
		vec_push(&argv, text + at);
	vec_push(&argv, NULL);
	struct process p = {.pid = 7, .argv = argv.v, .argc = argv.n - 1};
	p.exe = p.argc ? p.argv[0] : NULL;
	(void)snprintf(p.stat.comm, sizeof(p.stat.comm), "%s", p.exe ? p.exe : "");
	struct vm_config c = {0};
	if (p.argc && vmm_recognise(fs, &p, &c))
		check(&c);
	vec_free(&argv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rootfs *fs;
	const uint8_t *line, *part;
	if (fuzz_tree(&fs)) {
		fuzz_write("proc/7/mountinfo", "", 0);
		fuzz_link("proc/7/fd/3", "/vm/Logs/VBox.log");
		fuzz_link("proc/7/fd/4", "anon_inode:kvm-vm");
		fuzz_link("proc/7/cwd", "/vm");
	}
	size_t n = fuzz_part(&data, &size, &line);
	cleanup_free char *text = fuzz_text(line, n);
	size_t m = fuzz_part(&data, &size, &part);
	fuzz_write("vm/f", part, m);
	m = fuzz_part(&data, &size, &part);
	fuzz_write("vm/vm.vbox", part, m);
	look(fs, text, n);
	cleanup_free char *xml = fuzz_copy(data, size);
	struct vm_fact f = {0};
	static int (*const parsers[])(const char *, size_t, struct vm_fact *) = {libvirt_parse, machined_parse};
	for (size_t i = 0; i < ARRAY_SIZE(parsers); i++) {
		(void)parsers[i](xml, size, &f);
		fuzz_must_be_clean(f.name);
		fuzz_must_be_clean(f.title);
		fuzz_must_be_clean(f.image);
		vm_fact_clear(&f);
		f = (struct vm_fact){0};
	}
	cleanup_free char *group = fuzz_text(data, size), *name = libvirt_scope_name(group);
	fuzz_must_be_clean(name);
	return 0;
}
