/* The begin of an image file; an owner of a raw disk or whoever hands out images writes it. */
#include "fuzz.h"
#include "source/storage/qcow2.h"

static void name(void *data, const char *s, size_t len)
{
	size_t *sum = data;
	for (size_t i = 0; i < len; i++)
		*sum += (unsigned char)s[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *copy = fuzz_copy(data, size);
	const uint8_t *b = (const uint8_t *)copy;
	struct qcow2 q;
	size_t sum = 0;
	const char *why = qcow2_parse(b, size, &q);
	must(strlen(q.backing) <= QCOW2_NAME_MAX && strlen(q.data_file) <= QCOW2_NAME_MAX);
	must(q.snapshots <= QCOW2_SNAPSHOTS_MAX && q.virtual_bytes <= UINT64_C(1) << 53);
	if (!why)
		must(q.version == 2 || q.version == 3);
	uint64_t at = q.snapshots_offset < size ? q.snapshots_offset : 0;
	must(qcow2_snapshots(b + at, size - at, q.snapshots, name, &sum) <= q.snapshots);
	(void)qcow2_snapshots(b, size, UINT32_MAX, name, &sum);
	const char *format = image_magic(b, size);
	if (format)
		must(image_size(format, b, size) <= UINT64_C(1) << 53);
	return 0;
}
