/* One text as each of the files that name VMs: libvirt's XML, machined's KEY=VALUE, a scope's name. */
#include "fuzz.h"
#include "source/vm/vm_names.h"

static void check(const struct vm_fact *f)
{
	must(f->pid >= 0);
	fuzz_must_be_clean(f->name);
	fuzz_must_be_clean(f->title);
	fuzz_must_be_clean(f->uuid);
	fuzz_must_be_clean(f->image);
	fuzz_must_be_clean(f->instance);
	for (size_t i = 0; i < f->vcpu_tids.n; i++)
		must(f->vcpu_tids.v[i] > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const parse[])(const char *, size_t, struct vm_fact *) = {libvirt_parse, machined_parse};
	cleanup_free char *exact = fuzz_copy(data, size), *text = fuzz_text(data, size);
	for (size_t i = 0; i < ARRAY_SIZE(parse); i++) {
		struct vm_fact f = {0};
		int r = parse[i](exact, size, &f);
		must(r < 0 || f.name);
		check(&f);
		vm_fact_clear(&f);
	}
	cleanup_free char *name = libvirt_scope_name(text);
	fuzz_must_be_clean(name);
	return 0;
}
