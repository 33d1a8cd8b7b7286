/* /proc/PID/stat: the comm is whatever the process likes. */
#include "fuzz.h"
#include "vctop/source/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *b = fuzz_copy(data, size);
	struct process_stat st = {0};
	if (process_parse_stat(b, size, &st) == 0) {
		must(strlen(st.comm) < sizeof(st.comm));
		must(st.ppid >= 0);
		fuzz_must_be_clean(st.comm);
	}
	return 0;
}
