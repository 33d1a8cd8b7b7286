/* Saved comparisons: what comparison_parse takes is clean and in order, comes back from its JSON, and has every form.
 */
#include "fuzz.h"
#include "vctop/source/comparison_json.h"
#include "vctop/view/views.h"

static void must_be_sound(const struct comparison *c)
{
	fuzz_must_be_clean(c->hostname);
	fuzz_must_be_clean(c->kernel);
	for (size_t i = 0; i < c->subjects.n; i++) {
		const struct subject *s = &c->subjects.v[i];
		must(s->id && *s->id && s->title && s->kind);
		fuzz_must_be_clean(s->id);
		fuzz_must_be_clean(s->title);
		fuzz_must_be_clean(s->remark);
		for (int f = 0; f < FIGURE_MAX; f++) {
			const struct spread *v = &s->value[f];
			must(metric_is_ok(v->median) ? v->min.v <= v->median.v && v->median.v <= v->max.v
			                             : v->median.why != NULL);
			if (!metric_is_ok(v->median))
				fuzz_must_be_clean(v->median.why);
		}
		for (size_t k = 0; k < s->facts.n; k++)
			fuzz_must_be_clean(s->facts.v[k].value);
		for (size_t k = 0; k < s->phases.n; k++)
			fuzz_must_be_clean(s->phases.v[k].name);
	}
}

static void must_come_back(const struct comparison *c)
{
	struct comparison back;
	struct error err = {0};
	cleanup_strbuf struct strbuf json = STRBUF_INIT;
	comparison_json(c, &json);
	must(json.len > 0);
	if (json.len > COMPARISON_BYTES_MAX)
		return;
	must(comparison_parse(json.buf, json.len, &back, &err) == 0);
	must(back.subjects.n == c->subjects.n);
	comparison_release(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *raw = fuzz_copy(data, size);
	struct comparison c;
	struct error err = {0};
	if (comparison_parse(raw, size, &c, &err) < 0) {
		fuzz_must_be_clean(err.what);
		must(c.subjects.n == 0);
		return 0;
	}
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct comparison_view v = {.columns = (int)(size % 300), .color = size % 2, .anchors = true};
	must_be_sound(&c);
	must_come_back(&c);
	comparison_plain(&c, &v, &out);
	comparison_markdown(&c, &v, &out);
	strbuf_clear(&out);
	comparison_html(&c, &v, &out);
	must(!strstr(out.buf, "<script"));
	comparison_release(&c);
	return 0;
}
