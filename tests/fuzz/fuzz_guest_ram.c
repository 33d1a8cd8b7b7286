/* smaps of a VMM: names and sizes of mappings are its own. */
#include "fuzz.h"
#include "vctop/source/vm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t ram[] = {0, 4096, UINT64_C(256) << 20, UINT64_MAX};
	cleanup_free char *b = fuzz_copy(data, size);
	for (size_t i = 0; i < ARRAY_SIZE(ram); i++) {
		struct guest_ram g = {0};
		guest_ram_parse(b, size, ram[i], &g);
	}
	return 0;
}
