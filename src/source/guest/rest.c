/*
 * Firecracker's and Cloud Hypervisor's HTTP over a Unix socket: GET requests of one connection, each answered by a
 * status line, headers with Content-Length and a JSON body.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "source/guest/exchange.h"
#include "source/guest/guest.h"
#include "vctop/base/parse.h"

#define HEADERS_MAX 128
#define MIB 1048576.0
#define KNOWN_MAX 9007199254740992.0

/* "HTTP/1.1 200 OK" and the headers; *ret_len is the body's length. */
static int read_head(struct exchange *x, int *ret_status, uint64_t *ret_len)
{
	const char *line;
	size_t n;
	int r = exchange_line(x, &line, &n);
	if (r < 0)
		return r;
	*ret_status = parse_http_status(line, n);
	if (*ret_status < 0)
		return *ret_status;
	*ret_len = 0;
	for (int i = 0; i < HEADERS_MAX; i++) {
		r = exchange_line(x, &line, &n);
		if (r < 0 || n == 0)
			return r;
		if (parse_http_length(line, n, ret_len) && *ret_len > EXCHANGE_MAX)
			return -EPROTO;
	}
	return -EPROTO;
}

/* *ret_body: a new reference; NULL when the VMM says no (4xx). */
static int get(struct exchange *x, const char *path, json_t **ret_body)
{
	cleanup_strbuf struct strbuf request = STRBUF_INIT;
	const char *body = NULL;
	int status = 0;
	uint64_t len = 0;
	json_error_t err;
	*ret_body = NULL;
	strbuf_fmt(&request, "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n", path);
	int r = exchange_send(x, request.buf, request.len);
	if (r == 0)
		r = read_head(x, &status, &len);
	if (r == 0)
		r = exchange_bytes(x, (size_t)len, &body);
	if (r < 0 || status >= 400)
		return r;
	if (status != 200 || !body)
		return -EPROTO;
	*ret_body = json_loadb(body, (size_t)len, JSON_DECODE_INT_AS_REAL, &err);
	return json_is_object(*ret_body) ? 0 : (json_decref(*ret_body), *ret_body = NULL, -EPROTO);
}

static struct metric number(const json_t *o, const char *key, double scale, const char *why)
{
	const json_t *v = json_object_get(o, key);
	double d = json_number_value(v) * scale;
	return json_is_number(v) && d >= 0 && d < KNOWN_MAX ? metric_ok(d) : metric_none(METRIC_ABSENT, why);
}

static void take_state(const json_t *o, struct guest_answer *a)
{
	guest_text(a->state, sizeof(a->state), json_string_value(json_object_get(o, "state")));
	a->paused = strcasecmp(a->state, "paused") == 0;
}

static void take_stats(const json_t *o, struct guest_answer *a)
{
	struct metric total = number(o, "total_memory", 1, "the guest does not tell its total memory");
	struct metric left = number(o, "available_memory", 1, "the guest does not tell its available memory");
	a->balloon_bytes = number(o, "actual_mib", MIB, "not told by Firecracker");
	a->used_bytes = metric_sub_floor0(total, left);
	if (!o)
		a->used_bytes = metric_none(METRIC_ABSENT, "no balloon device, or its statistics were not switched on");
}

int firecracker_ask(struct exchange *x, struct guest_answer *ret)
{
	json_t *o;
	int r = get(x, "/", &o);
	if (r == 0) {
		take_state(o, ret);
		guest_text(ret->name, sizeof(ret->name), json_string_value(json_object_get(o, "id")));
		json_decref(o);
		r = get(x, "/vm/config", &o);
	}
	if (r < 0)
		return r;
	const json_t *machine = json_object_get(o, "machine-config");
	ret->vcpus = number(machine, "vcpu_count", 1, "not told by Firecracker");
	ret->ram_bytes = number(machine, "mem_size_mib", MIB, "not told by Firecracker");
	json_decref(o);
	r = get(x, "/balloon/statistics", &o);
	if (r < 0)
		return r;
	take_stats(o, ret);
	json_decref(o);
	return 0;
}

int cloud_hypervisor_ask(struct exchange *x, struct guest_answer *ret)
{
	json_t *o;
	int r = get(x, "/api/v1/vm.info", &o);
	if (r < 0)
		return r;
	const json_t *config = json_object_get(o, "config"), *memory = json_object_get(config, "memory");
	take_state(o, ret);
	ret->vcpus = number(json_object_get(config, "cpus"), "boot_vcpus", 1, "not told by Cloud Hypervisor");
	ret->ram_bytes = number(memory, "size", 1, "not told by Cloud Hypervisor");
	struct metric plugged = number(memory, "hotplugged_size", 1, NULL);
	if (metric_is_ok(ret->ram_bytes) && metric_is_ok(plugged))
		ret->ram_bytes.v += plugged.v;
	ret->balloon_bytes =
	        metric_sub_floor0(ret->ram_bytes, number(o, "memory_actual_size", 1, "not told by Cloud Hypervisor"));
	ret->used_bytes = metric_none(METRIC_ABSENT, "Cloud Hypervisor does not ask its guest");
	json_decref(o);
	return 0;
}
