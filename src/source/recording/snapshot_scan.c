/*
 * The part of a recorded line that verdicts need, read in one pass over the text.  jansson builds a tree of all of it,
 * which takes ten times as long; it still reads every line that is not plain (escapes in names) or not right, so that
 * what is accepted, and what is said of a bad line, are the same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/recording/json_take.h"
#include "source/recording/snapshot_slots.h"
#include "vctop/base/json_scan.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"
#include "vctop/source/snapshot_json.h"

#define NUMBER_MAX 1e18

struct scan {
	struct json_scan json;
	struct snapshot *snap;
	struct frame *frame;
	struct entry *entry;
	struct row row;
	const char *unavailable; /* where it stands in this instance; NULL none */
	bool kind, failed;
};

/* clang-format off */
#define E(key, type, member) {key, type, SLOT_IN_ENTRY, offsetof(struct entry, member), NULL, NULL}
#define R(key, type, member) {key, type, SLOT_IN_ROW, offsetof(struct row, member), NULL, NULL}
#define G(key, group) {key, SLOT_GROUP, false, 0, group, NULL}
#define END {0}
static const struct slot cpu[] = {
	R("used_cores", SLOT_METRIC, cpu_used_cores),
	E("allocated_cores", SLOT_CAP, sample.cpu.allocated.amount),
	E("shared_cap", SLOT_BOOL, sample.cpu.allocated.shared),
	E("vcpus", SLOT_METRIC, sample.cpu.vcpus),
	R("used_pct", SLOT_METRIC, cpu_used_pct),
	R("steal_cores", SLOT_METRIC, steal_cores),
	R("throttled_pct", SLOT_METRIC, throttled_pct),
	R("pressure_some_pct", SLOT_METRIC, cpu_pressure_pct),
	END};
static const struct slot memory[] = {
	E("used_bytes", SLOT_METRIC, sample.mem.used_bytes),
	E("allocated_bytes", SLOT_CAP, sample.mem.allocated.amount),
	E("shared_cap", SLOT_BOOL, sample.mem.allocated.shared),
	E("used_by", SLOT_TEXT, sample.mem.used_by),
	E("held_bytes", SLOT_METRIC, sample.mem.held_bytes),
	E("swap_bytes", SLOT_METRIC, sample.mem.swap_bytes),
	E("guest_used_bytes", SLOT_METRIC, sample.mem.guest_used_bytes),
	R("pressure_some_pct", SLOT_METRIC, mem_pressure_pct),
	R("pressure_full_pct", SLOT_METRIC, mem_pressure_full_pct),
	R("refault_bytes_per_sec", SLOT_METRIC, refault_per_sec),
	E("events_max", SLOT_METRIC, sample.mem.events_max),
	E("events_oom", SLOT_METRIC, sample.mem.events_oom),
	E("oom_kills", SLOT_METRIC, sample.mem.oom_kills),
	END};
static const struct slot net[] = {
	R("rx_bytes_per_sec", SLOT_METRIC, net_rx_per_sec),
	R("tx_bytes_per_sec", SLOT_METRIC, net_tx_per_sec),
	END};
static const struct slot instance[] = {
	E("id", SLOT_TEXT, inst.id),
	E("runtime", SLOT_TEXT, inst.runtime),
	E("name", SLOT_TEXT, inst.name),
	E("image", SLOT_TEXT, inst.image),
	E("started", SLOT_TIME, inst.started_usec),
	R("age_sec", SLOT_SECONDS, age_sec),
	E("cgroup", SLOT_TEXT, inst.cgroup),
	E("parent", SLOT_TEXT, inst.parent),
	E("uuid", SLOT_TEXT, inst.uuid),
	G("cpu", cpu), G("memory", memory), G("net", net),
	END};
/* Whose being null can mean more than one thing. */
static const struct slot told[] = {
	E("cpu.allocated_cores", SLOT_CAP, sample.cpu.allocated.amount),
	R("cpu.used_cores", SLOT_METRIC, cpu_used_cores),
	E("memory.allocated_bytes", SLOT_CAP, sample.mem.allocated.amount),
	E("memory.used_bytes", SLOT_METRIC, sample.mem.used_bytes),
	END};
/* clang-format on */

static bool is(const char *key, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(key, word, n) == 0;
}

static void *place(struct scan *s, const struct slot *slot)
{
	return (slot->place == SLOT_IN_ROW ? (char *)&s->row : (char *)s->entry) + slot->offset;
}

static bool scan_text(struct scan *s, const char **ret)
{
	const char *text;
	size_t n;
	if (!json_scan_text(&s->json, &text, &n))
		return false;
	s->failed = s->failed || memchr(text, '\\', n);
	char *copy = arena_alloc(&s->snap->arena, n + 1);
	memcpy(copy, text, n);
	bool plain = n <= TEXT_BYTES;
	for (size_t i = 0; i < n && plain; i++)
		plain = text[i] >= ' ' && text[i] < 0x7F;
	*ret = plain ? copy : text_clean(copy, TEXT_BYTES);
	return true;
}

static void scan_metric(struct scan *s, struct metric *m, bool cap)
{
	double d;
	if (json_scan_number(&s->json, &d))
		*m = d >= 0 && d <= NUMBER_MAX ? metric_ok(d)
		                               : metric_none(METRIC_ABSENT, "out of range in the recording");
	else if (json_scan_null(&s->json))
		*m = metric_none(cap ? METRIC_UNLIMITED : METRIC_ABSENT, "null in the recording");
	else
		(void)json_scan_skip(&s->json);
}

static void scan_value(struct scan *s, const struct slot *slot)
{
	void *at = place(s, slot);
	const char *text;
	size_t n;
	double d;
	switch (slot->type) {
	case SLOT_METRIC:
	case SLOT_CAP:
		scan_metric(s, at, slot->type == SLOT_CAP);
		return;
	case SLOT_TEXT:
		if (!scan_text(s, at))
			(void)json_scan_skip(&s->json);
		return;
	case SLOT_BOOL:
		if (!json_scan_bool(&s->json, at))
			(void)json_scan_skip(&s->json);
		return;
	case SLOT_TIME:
		if (json_scan_text(&s->json, &text, &n))
			(void)parse_rfc3339(text, n, at);
		else
			(void)json_scan_skip(&s->json);
		return;
	case SLOT_SECONDS:
		if (json_scan_number(&s->json, &d))
			*(double *)at = d >= 0 && d <= NUMBER_MAX ? d : -1;
		else
			(void)json_scan_skip(&s->json);
		return;
	case SLOT_FLAG:
	case SLOT_NS:
	case SLOT_COUNT:
	case SLOT_GROUP:
	case SLOT_STATE:
	case SLOT_NOW:
	case SLOT_BASIS:
	case SLOT_CONFIDENCE:
		break;
	}
	(void)json_scan_skip(&s->json);
}

static const struct slot *find(const struct slot *slots, const char *key, size_t n)
{
	while (slots->key && !is(key, n, slots->key))
		slots++;
	return slots->key ? slots : NULL;
}

static void scan_group(struct scan *s, const struct slot *slots)
{
	const char *key;
	size_t n;
	if (!json_scan_open(&s->json, '{')) {
		(void)json_scan_skip(&s->json);
		return;
	}
	while (json_scan_key(&s->json, &key, &n)) {
		const struct slot *slot = find(slots, key, n);
		if (slot)
			scan_value(s, slot);
		else
			(void)json_scan_skip(&s->json);
	}
}

/* "denied: ..." of a null: only the state is kept. */
static void scan_unavailable(struct scan *s)
{
	struct json_scan all = s->json;
	const char *key, *text;
	size_t n, len;
	s->json.p = s->unavailable;
	if (!json_scan_open(&s->json, '{'))
		(void)json_scan_skip(&s->json);
	else
		while (json_scan_key(&s->json, &key, &n)) {
			const struct slot *slot = find(told, key, n);
			if (!slot || !json_scan_text(&s->json, &text, &len)) {
				(void)json_scan_skip(&s->json);
				continue;
			}
			struct metric *m = place(s, slot);
			const char *colon = memchr(text, ':', len);
			for (unsigned i = 0; colon && !metric_is_ok(*m) && i < METRIC_STATE_MAX; i++)
				if (i != METRIC_OK &&
				    is(text, (size_t)(colon - text), metric_state_name((enum metric_state)i)))
					*m = metric_none((enum metric_state)i, "null in the recording");
		}
	bool bad = s->json.bad;
	s->json = all;
	s->json.bad = s->json.bad || bad;
}

static void scan_labels(struct scan *s)
{
	const char *key;
	size_t n;
	struct label keep = {"vctop.keep", NULL};
	bool found = false;
	if (!json_scan_open(&s->json, '{')) {
		(void)json_scan_skip(&s->json);
		return;
	}
	while (json_scan_key(&s->json, &key, &n)) {
		bool wanted = is(key, n, keep.key) && scan_text(s, &keep.value);
		found = found || wanted;
		s->failed = s->failed || memchr(key, '\\', n);
		if (!wanted)
			(void)json_scan_skip(&s->json);
	}
	if (!found)
		return;
	struct label *l = arena_alloc(&s->snap->arena, sizeof(*l));
	*l = keep;
	s->entry->inst.labels = l;
	s->entry->inst.labels_n = 1;
}

static void scan_word(struct scan *s, const char *first, const char *second, const char *third, unsigned *ret,
                      bool *ret_known)
{
	const char *text;
	size_t n;
	if (!json_scan_text(&s->json, &text, &n)) {
		(void)json_scan_skip(&s->json);
		return;
	}
	*ret_known = true;
	if (is(text, n, first))
		*ret = 0;
	else if (is(text, n, second))
		*ret = 1;
	else if (third && is(text, n, third))
		*ret = 2;
	else
		*ret_known = false;
}

static void scan_member(struct scan *s, const char *key, size_t n)
{
	struct instance *i = &s->entry->inst;
	unsigned word = 0;
	bool known = false;
	if (is(key, n, "kind")) {
		scan_word(s, "container", "vm", NULL, &word, &s->kind);
		i->kind = (enum instance_kind)word;
	} else if (is(key, n, "state")) {
		scan_word(s, "running", "paused", "stopped", &word, &known);
		i->state = known ? (enum instance_state)word : INSTANCE_RUNNING;
	} else if (is(key, n, "labels")) {
		scan_labels(s);
	} else if (is(key, n, "unavailable")) {
		s->unavailable = s->json.p;
		(void)json_scan_skip(&s->json);
	} else {
		const struct slot *slot = find(instance, key, n);
		if (slot && slot->type == SLOT_GROUP)
			scan_group(s, slot->group);
		else if (slot)
			scan_value(s, slot);
		else
			(void)json_scan_skip(&s->json);
	}
}

static void scan_instance(struct scan *s)
{
	const char *key;
	size_t n;
	s->entry = snapshot_add(s->snap);
	s->row = (struct row){.age_sec = -1};
	s->unavailable = NULL;
	s->kind = false;
	if (!json_scan_open(&s->json, '{')) {
		s->failed = true;
		return;
	}
	while (json_scan_key(&s->json, &key, &n))
		scan_member(s, key, n);
	if (s->unavailable && !s->json.bad)
		scan_unavailable(s);
	struct instance *i = &s->entry->inst;
	if (!s->kind || !i->id || !*i->id)
		s->failed = true;
	i->name = i->name && *i->name ? i->name : i->id;
	i->runtime = i->runtime && *i->runtime ? i->runtime : "unknown";
	i->incarnation = (uint64_t)i->started_usec;
	vec_push(&s->frame->rows, s->row);
}

static void scan_host(struct scan *s)
{
	const char *key;
	size_t n;
	if (!json_scan_open(&s->json, '{')) {
		(void)json_scan_skip(&s->json);
		return;
	}
	while (json_scan_key(&s->json, &key, &n))
		if (!is(key, n, "hostname") || !scan_text(s, &s->snap->host.hostname))
			(void)json_scan_skip(&s->json);
}

/* What a line must have. */
struct found {
	bool schema, time, instances;
};

static void scan_top(struct scan *s, const char *key, size_t n, struct found *found)
{
	struct host_sample *h = &s->snap->host;
	const char *text;
	size_t len;
	double d;
	if (is(key, n, "schema") && json_scan_text(&s->json, &text, &len)) {
		found->schema = is(text, len, "vctop.snapshot/1");
	} else if (is(key, n, "time") && json_scan_text(&s->json, &text, &len)) {
		found->time = parse_rfc3339(text, len, &h->real_usec) == 0 && h->real_usec > 0;
	} else if (is(key, n, "interval_sec") && json_scan_number(&s->json, &d)) {
		s->frame->interval_sec = d >= 0 && d <= NUMBER_MAX ? d : 0;
	} else if (is(key, n, "host")) {
		scan_host(s);
	} else if (is(key, n, "instances") && !found->instances && json_scan_open(&s->json, '[')) {
		found->instances = true;
		while (json_scan_item(&s->json) && !s->failed)
			scan_instance(s);
	} else {
		(void)json_scan_skip(&s->json);
	}
}

static bool scan_line(struct scan *s)
{
	const char *key;
	size_t n;
	struct found found = {0};
	if (!json_scan_open(&s->json, '{'))
		return false;
	while (!s->failed && json_scan_key(&s->json, &key, &n))
		scan_top(s, key, n, &found);
	s->snap->host.mono_usec = s->snap->host.real_usec;
	return !s->failed && json_scan_end(&s->json) && found.schema && found.time && found.instances &&
	       json_bind_rows(s->snap, s->frame, NULL) == 0;
}

int frame_from_json_needed(const char *line, size_t len, struct snapshot *ret_snap, struct frame *ret,
                           struct error *err)
{
	struct scan s = {.json = {line, line + len, false}, .snap = ret_snap, .frame = ret};
	snapshot_clear(ret_snap);
	frame_clear(ret);
	ret->snap = ret_snap;
	ret->host = (struct host_frame){0};
	ret->interval_sec = 0;
	if (len <= SNAPSHOT_LINE_MAX && scan_line(&s))
		return 0;
	return frame_from_json(line, len, ret_snap, ret, err);
}
