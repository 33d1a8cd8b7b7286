/* Recordings and lines of other hosts: what frame_from_json takes must be clean, and must not differ between its two
 * ways. */
#include "fuzz.h"
#include "vctop/source/snapshot_json.h"

static void must_be_sound(const struct frame *f)
{
	for (size_t i = 0; i < f->rows.n; i++) {
		const struct instance *inst = f->rows.v[i].inst;
		must(inst && inst->id && inst->name);
		must((unsigned)inst->kind < INSTANCE_KIND_MAX && (unsigned)inst->state < INSTANCE_STATE_MAX);
		fuzz_must_be_clean(inst->id);
		fuzz_must_be_clean(inst->name);
		fuzz_must_be_clean(inst->image);
		fuzz_must_be_clean(f->rows.v[i].verdict.reason);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *raw = fuzz_copy(data, size);
	struct snapshot *snap = snapshot_new(), *less_snap = snapshot_new();
	struct frame *f = frame_new(), *less = frame_new();
	struct error err = {0};
	int whole = frame_from_json(raw, size, snap, f, &err);
	int needed = frame_from_json_needed(raw, size, less_snap, less, &err);
	if (whole == 0)
		must_be_sound(f);
	if (whole == 0 && needed == 0)
		must(f->rows.n == less->rows.n);
	fuzz_must_be_clean(err.what);
	frame_free(f);
	frame_free(less);
	snapshot_free(snap);
	snapshot_free(less_snap);
	return 0;
}
