/* What comes back from a VMM's socket, and the head of a kernel that it is to start. */
#include "fuzz.h"
#include "lab/backend/vmlinux.h"
#include "lab/tool/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *raw = fuzz_copy(data, size);
	struct http_answer a;
	struct packed_kernel k;
	if (http_parse(raw, size, &a) == 1)
		must(a.status >= 100 && a.status <= 599 && a.body >= raw && a.body + a.body_len <= raw + size);
	if (size >= VMLINUX_HEAD && vmlinux_locate(data, size, &k) == 0)
		must(k.len > 0 && k.at + k.len <= size);
	return 0;
}
