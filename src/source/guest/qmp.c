/*
 * QEMU's monitor protocol, reading only: one JSON object a line, a greeting first, events in between.
 * What is sent is query-*, qom-list and qom-get; whether the balloon collects statistics is its owner's decision.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "source/guest/exchange.h"
#include "source/guest/guest.h"
#include "vctop/base/clock.h"

/* Events and answers to nobody that are passed over before giving up. */
#define LINES_MAX 4096
#define DEVICES_MAX 256U
/* Statistics that are so much older than their interval come from a guest that hangs. */
#define OVERDUE_SEC 10
/* What QEMU calls unknown, -1, arrives as 2^64-1; nothing real comes near. */
#define KNOWN_MAX 9007199254740992.0

struct qmp {
	struct exchange *x;
	unsigned id;
};

/* Of one line. NULL: malformed. Numbers as reals: jansson refuses integers of 64 bits. */
static json_t *parse(const char *line, size_t n)
{
	json_error_t err;
	return json_loadb(line, n, JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES, &err);
}

static bool is_reading(const char *command)
{
	return strcmp(command, "qmp_capabilities") == 0 || strncmp(command, "query-", 6) == 0 ||
	       strcmp(command, "qom-get") == 0 || strcmp(command, "qom-list") == 0;
}

static int send_command(struct qmp *q, const char *command, json_t *arguments)
{
	if (!is_reading(command)) {
		json_decref(arguments);
		return -EPERM;
	}
	json_t *o = json_pack("{s:s, s:i, s:o*}", "execute", command, "id", (int)++q->id, "arguments", arguments);
	char *text = json_dumps(o, JSON_COMPACT);
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	json_decref(o);
	if (!text)
		return -EINVAL;
	strbuf_str(&sb, text);
	strbuf_str(&sb, "\r\n");
	free(text);
	return exchange_send(q->x, sb.buf, sb.len);
}

/* The answer to what was sent last into *ret_answer (a new reference; NULL: QEMU refused it). */
static int receive(struct qmp *q, json_t **ret_answer)
{
	const char *line;
	size_t n;
	*ret_answer = NULL;
	for (int i = 0; i < LINES_MAX; i++) {
		int r = exchange_line(q->x, &line, &n);
		if (r < 0)
			return r;
		json_t *o = parse(line, n);
		if (!json_is_object(o)) {
			json_decref(o);
			return -EPROTO;
		}
		if (json_number_value(json_object_get(o, "id")) == (double)q->id) {
			*ret_answer = json_incref(json_object_get(o, "return"));
			json_decref(o);
			return 0;
		}
		json_decref(o);
	}
	return -EPROTO;
}

static int query(struct qmp *q, const char *command, json_t *arguments, json_t **ret_answer)
{
	int r = send_command(q, command, arguments);
	return r < 0 ? r : receive(q, ret_answer);
}

static int greet(struct qmp *q)
{
	const char *line;
	size_t n;
	int r = exchange_line(q->x, &line, &n);
	if (r < 0)
		return r;
	json_t *o = parse(line, n), *answer;
	bool ok = json_is_object(json_object_get(o, "QMP"));
	json_decref(o);
	if (!ok)
		return -EPROTO;
	r = query(q, "qmp_capabilities", NULL, &answer);
	json_decref(answer);
	return r == 0 && !answer ? -EPROTO : r;
}

static struct metric bytes_of(const json_t *o, const char *key, const char *why)
{
	const json_t *v = json_object_get(o, key);
	double d = json_number_value(v);
	return json_is_number(v) && d >= 0 && d < KNOWN_MAX ? metric_ok(d) : metric_none(METRIC_ABSENT, why);
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void take_status(const json_t *o, struct guest_answer *a)
{
	guest_text(a->state, sizeof(a->state), text_of(o, "status"));
	/* Not running but for a reason that will pass (in-migrate) or has passed (shutdown) is no pause. */
	a->paused = strcmp(a->state, "paused") == 0 || strcmp(a->state, "prelaunch") == 0 ||
	            strcmp(a->state, "suspended") == 0 || strcmp(a->state, "io-error") == 0;
}

static void take_name(const json_t *o, struct guest_answer *a)
{
	guest_text(a->name, sizeof(a->name), text_of(o, "name"));
}

static void take_uuid(const json_t *o, struct guest_answer *a)
{
	guest_text(a->uuid, sizeof(a->uuid), text_of(o, "UUID"));
}

static void take_cpus(const json_t *list, struct guest_answer *a)
{
	const json_t *cpu;
	size_t i, n = json_array_size(list);
	if (!n || n > GUEST_VCPUS_MAX)
		return;
	a->vcpus = metric_ok((double)n);
	json_array_foreach(list, i, cpu)
	{
		double tid = json_number_value(json_object_get(cpu, "thread-id"));
		if (tid >= 1 && tid <= INT32_MAX)
			a->tids[a->tids_n++] = (pid_t)tid;
	}
	/* Round robin: one thread for all. */
	if (a->tids_n != n || (n > 1 && a->tids[0] == a->tids[1]))
		a->tids_n = 0;
}

static void take_memory(const json_t *o, struct guest_answer *a)
{
	struct metric base = bytes_of(o, "base-memory", "not told by QEMU");
	struct metric plugged = bytes_of(o, "plugged-memory", NULL);
	a->ram_bytes = base;
	if (metric_is_ok(base) && metric_is_ok(plugged))
		a->ram_bytes.v += plugged.v;
}

/* "actual" is what the guest has left; the balloon holds the rest. */
static void take_balloon(const json_t *o, struct guest_answer *a)
{
	struct metric actual = bytes_of(o, "actual", "no balloon device");
	a->balloon_bytes = metric_sub_floor0(a->ram_bytes, actual);
	if (!metric_is_ok(actual))
		a->balloon_bytes = actual;
}

/* The driver sends one set of numbers when it loads; only polling renews them. */
static struct metric freshness(const json_t *o, struct metric interval)
{
	struct metric when = bytes_of(o, "last-update", "no balloon statistics");
	if (!metric_is_ok(interval) || interval.v <= 0)
		return metric_none(METRIC_ABSENT, "the balloon's polling is off (guest-stats-polling-interval)");
	if (!metric_is_ok(when) || when.v <= 0)
		return metric_none(METRIC_ABSENT, "the guest's balloon driver has sent no statistics yet");
	if ((double)clock_real_usec() / 1e6 - when.v > 3 * interval.v + OVERDUE_SEC)
		return metric_none(METRIC_ABSENT, "the guest no longer renews its balloon statistics");
	return when;
}

static void take_stats(const json_t *o, struct metric interval, struct guest_answer *a)
{
	const json_t *stats = json_object_get(o, "stats");
	struct metric fresh = freshness(o, interval);
	struct metric total = bytes_of(stats, "stat-total-memory", "the guest does not tell its total memory");
	struct metric left = bytes_of(stats, "stat-available-memory", "the guest does not tell its available memory");
	a->used_bytes = metric_is_ok(fresh) ? metric_sub_floor0(total, left) : fresh;
}

/* Simple questions, in an order: the balloon's share follows from the memory. */
static const struct {
	const char *command;
	void (*take)(const json_t *o, struct guest_answer *a);
} questions[] = {
        {"query-status", take_status},
        {"query-name", take_name},
        {"query-uuid", take_uuid},
        {"query-cpus-fast", take_cpus},
        {"query-memory-size-summary", take_memory},
        {"query-balloon", take_balloon},
};

static json_t *property(const char *path, const char *name)
{
	return json_pack("{s:s, s:s}", "path", path, "property", name);
}

static int ask_balloon(struct qmp *q, const char *where, const json_t *device, struct guest_answer *a, bool *ret_found)
{
	const char *name = text_of(device, "name"), *type = text_of(device, "type");
	json_t *answer;
	if (!name || !type || strncmp(type, "child<virtio-balloon", 20) != 0)
		return 0;
	cleanup_free char *path = xasprintf("%s/%s", where, name);
	int r = query(q, "qom-get", property(path, "guest-stats-polling-interval"), &answer);
	if (r < 0)
		return r;
	struct metric interval = metric_ok(json_number_value(answer));
	json_decref(answer);
	r = query(q, "qom-get", property(path, "guest-stats"), &answer);
	if (r < 0)
		return r;
	*ret_found = true;
	take_stats(answer, interval, a);
	json_decref(answer);
	return 0;
}

static int ask_balloons(struct qmp *q, const char *where, struct guest_answer *a, bool *ret_found)
{
	json_t *list, *device;
	size_t i;
	int r = query(q, "qom-list", json_pack("{s:s}", "path", where), &list);
	if (r < 0)
		return r;
	json_array_foreach(list, i, device)
	{
		if (i >= DEVICES_MAX || *ret_found || r < 0)
			break;
		r = ask_balloon(q, where, device, a, ret_found);
	}
	json_decref(list);
	return r;
}

int qmp_ask(struct exchange *x, struct guest_answer *ret)
{
	struct qmp q = {.x = x};
	bool found = false;
	int r = greet(&q);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(questions); i++) {
		json_t *answer;
		r = query(&q, questions[i].command, NULL, &answer);
		if (r == 0)
			questions[i].take(answer, ret);
		json_decref(answer);
	}
	if (r == 0)
		r = ask_balloons(&q, "/machine/peripheral", ret, &found);
	if (r == 0 && !found)
		r = ask_balloons(&q, "/machine/peripheral-anon", ret, &found);
	if (r == 0 && !found)
		ret->used_bytes = metric_none(METRIC_ABSENT, "the VM has no balloon device");
	return r;
}
