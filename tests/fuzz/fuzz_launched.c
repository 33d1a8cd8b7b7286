/* A file of the register of samples. */
#include "fuzz.h"
#include "vctop/source/launched.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *b = fuzz_copy(data, size);
	struct launched l = {0};
	if (launched_parse(b, size, &l) == 0) {
		must(launched_name_valid(l.name));
		must(l.pid >= 0 && l.starter >= 0 && l.owner >= 0 && l.cpus >= 0);
		fuzz_must_be_clean(l.kind);
		fuzz_must_be_clean(l.backend);
		fuzz_must_be_clean(l.workload);
		fuzz_must_be_clean(l.state);
		fuzz_must_be_clean(l.ref);
		fuzz_must_be_clean(l.place);
	}
	launched_clear(&l);
	return 0;
}
