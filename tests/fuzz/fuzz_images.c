/* Records of an image store: rootless users write theirs themselves. The first byte says which. */
#include "fuzz.h"
#include "source/storage/images.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct runtime_ops ops = {.name = "x"};
	struct image_store st = {
	        .root = (char *)(uintptr_t) "r", .driver = (char *)(uintptr_t) "overlay", .runtime = ops.name};
	struct facts_table facts = {0};
	const uint8_t *layers;
	size_t n = fuzz_part(&data, &size, &layers);
	cleanup_free char *a = fuzz_copy(layers, n), *b = fuzz_copy(data, size);
	(void)containers_parse_layers(a, n, &st.layers);
	(void)containers_parse_images(b, size, &st.images);
	(void)docker_parse_repositories(a, n, &st.images);
	struct image *img = xcalloc(1, sizeof(*img));
	if (docker_parse_image(a, n, img) == 0)
		must(img->diff_ids.n <= IMAGE_MAX_LAYERS);
	image_free(map_remove(&st.images, "x"));
	map_put(&st.images, "x", img);
	store_account(&st, &facts);
	must(metric_is_ok(st.images_n) && st.images_n.v <= STORE_MAX_IMAGES + 1);
	if (metric_is_ok(st.reclaimable_bytes))
		must(st.reclaimable_bytes.v >= 0 && st.reclaimable_bytes.v <= st.images_bytes.v);
	images_clear(&st.images);
	layers_clear(&st.layers);
	return 0;
}
