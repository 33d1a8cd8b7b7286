/* What a workload says (a guest may say anything), and the smaps of its VMM. */
#include "fuzz.h"
#include "lab/compare/answers.h"
#include "lab/tool/weigh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *raw = fuzz_copy(data, size);
	struct ready ready = {0};
	struct measured m = {0};
	uint64_t held, vmm, guest;
	char *key, *value;
	if (answers_ready(raw, size, &ready))
		must(ready.first >= 0 && ready.told >= ready.first && ready.boot >= 0);
	if (answers_measured(raw, size, &m))
		must(m.work >= 0 && m.syscall >= 0 && m.turn >= 0);
	(void)answers_held(raw, size, &held);
	for (int order = 0; order < ORDER_MAX; order++)
		must(answers_done(raw, size, (enum order)order) <= size);
	for (unsigned i = 0; answers_fact(raw, size, i, &key, &value); i++) {
		must(i < 100);
		fuzz_must_be_clean(key);
		fuzz_must_be_clean(value);
		free(key);
		free(value);
	}
	(void)weigh_smaps(raw, size, 1 << 20, &vmm, &guest);
	return 0;
}
