/*
 * Asking guests: QMP and HTTP against a server in this process that is good, slow, silent, talkative, hostile or gone;
 * who is on a socket, by /proc/net/unix; the desk that asks in the background.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "source/guest/desk.h"
#include "source/guest/exchange.h"
#include "source/guest/unix_table.h"
#include "unit.h"
#include "vctop/base/clock.h"

#define MIB (1024.0 * 1024)
#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n"
#define UNKNOWN "18446744073709551615"

struct reply {
	const char *request; /* part of a line or a request; NULL ends the table */
	const char *text;    /* sent back; "%d" once: the number of the request */
};

struct server {
	char path[96];
	int listener;
	pthread_t thread;
	atomic_bool stop;
	const char *greeting; /* NULL none */
	const struct reply *replies;
	bool http, endless, trickle, hang_up;
	struct strbuf heard;
};

static bool send_all(struct server *s, int fd, const char *text, size_t n)
{
	while (n && !atomic_load(&s->stop)) {
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN)
			return false;
		if (sent < 0)
			(void)usleep(1000);
		text += sent > 0 ? sent : 0;
		n -= sent > 0 ? (size_t)sent : 0;
	}
	return true;
}

static bool wait_in(struct server *s, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	while (!atomic_load(&s->stop))
		if (poll(&p, 1, 10) > 0)
			return true;
	return false;
}

/* One request at a time: a line, or HTTP headers up to the empty line. */
static bool hear(struct server *s, int fd, char *buf, size_t size)
{
	size_t n = 0;
	while (n < size - 1 && wait_in(s, fd)) {
		if (read(fd, buf + n, 1) <= 0)
			return false;
		buf[++n] = '\0';
		if (s->http ? n >= 4 && strcmp(buf + n - 4, "\r\n\r\n") == 0 : buf[n - 1] == '\n') {
			strbuf_str(&s->heard, buf);
			return true;
		}
	}
	return false;
}

static bool answer(struct server *s, int fd, const char *request, int id)
{
	for (const struct reply *r = s->replies; r && r->request; r++) {
		if (!strstr(request, r->request))
			continue;
		char *mark = strstr(r->text, "%d") ? xasprintf("%.*s%d%s", (int)(strstr(r->text, "%d") - r->text),
		                                               r->text, id, strstr(r->text, "%d") + 2)
		                                   : xstrdup(r->text);
		bool ok = send_all(s, fd, mark, strlen(mark));
		free(mark);
		return ok;
	}
	char error[128];
	int n = s->http ? snprintf(error, sizeof(error), "HTTP/1.1 400 \r\nContent-Length: 2\r\n\r\n{}")
	                : snprintf(error, sizeof(error), "{\"error\": {\"class\": \"GenericError\"}, \"id\": %d}\r\n",
	                           id);
	return send_all(s, fd, error, (size_t)n);
}

static void serve(struct server *s, int fd)
{
	char request[8192], junk[4096];
	(void)memset(junk, 'x', sizeof(junk));
	if (s->greeting && !send_all(s, fd, s->greeting, strlen(s->greeting)))
		return;
	while (s->endless && !atomic_load(&s->stop))
		if (!send_all(s, fd, junk, sizeof(junk)))
			return;
	while (s->trickle && !atomic_load(&s->stop)) {
		if (!send_all(s, fd, "{", 1))
			return;
		(void)usleep(20000);
	}
	for (int id = 1; hear(s, fd, request, sizeof(request)); id++)
		if ((s->hang_up && id == 2) || !answer(s, fd, request, id))
			return;
}

static void *run(void *data)
{
	struct server *s = data;
	while (wait_in(s, s->listener)) {
		int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		serve(s, fd);
		(void)close(fd);
	}
	return NULL;
}

static void bind_to(struct server *s)
{
	static unsigned count;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	(void)snprintf(s->path, sizeof(s->path), "/tmp/vctop-test-guest.%d.%u", (int)getpid(), count++);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", s->path);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(s->listener >= 0);
	assert_int_equal(bind(s->listener, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(s->listener, 1), 0);
	s->heard = (struct strbuf)STRBUF_INIT;
}

static void start(struct server *s)
{
	bind_to(s);
	assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

static void stop(struct server *s)
{
	atomic_store(&s->stop, true);
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	(void)close(s->listener);
	(void)unlink(s->path);
	strbuf_release(&s->heard);
}

static struct guest_answer *ask(const struct server *s, enum guest_how how, int64_t usec)
{
	char *path = xstrdup(s->path);
	const struct guest_socket where = {.how = how, .path = path, .bound = path};
	struct guest_answer *a = xcalloc(1, sizeof(*a));
	guest_ask(&where, -1, clock_mono_usec() + usec, a);
	free(path);
	return a;
}

#define RETURN(json) "{\"return\": " json ", \"id\": %d}\r\n"
#define EVENT "{\"timestamp\": {}, \"event\": \"BALLOON_CHANGE\", \"data\": {\"actual\": 1}}\r\n"
#define STATS(total, left, when)                                                                                       \
	"{\"stats\": {\"stat-total-memory\": " total ", \"stat-free-memory\": 1, \"stat-available-memory\": " left     \
	"}, \"last-update\": " when "}"

static const struct reply good_qmp[] = {
        {"qmp_capabilities", EVENT RETURN("{}")},
        {"query-status", EVENT EVENT RETURN("{\"status\": \"running\", \"running\": true}")},
        {"query-name", RETURN("{\"name\": \"w\\u001beb\"}")},
        {"query-uuid", RETURN("{\"UUID\": \"aaaaaaaa-0000-4000-8000-000000000001\"}")},
        {"query-cpus-fast", RETURN("[{\"thread-id\": 11, \"cpu-index\": 0}, {\"thread-id\": 12, \"cpu-index\": 1}]")},
        {"query-memory-size-summary", RETURN("{\"base-memory\": 268435456, \"plugged-memory\": 134217728}")},
        {"query-balloon", RETURN("{\"actual\": 335544320}")},
        {"/machine/peripheral\"",
         RETURN("[{\"name\": \"type\", \"type\": \"string\"}, {\"name\": \"net0\", \"type\": \"child<e1000>\"},"
                "{\"name\": \"b0\", \"type\": \"child<virtio-balloon-pci>\"}]")},
        {"guest-stats-polling-interval", RETURN("5")},
        {"guest-stats\"", RETURN(STATS("228749312", "203534336", "99999999999"))},
        {NULL, NULL},
};

static void test_qmp(void **state)
{
	(void)state;
	struct server s = {.greeting = GREETING, .replies = good_qmp};
	start(&s);
	struct guest_answer *a = ask(&s, GUEST_QMP, 5000000);
	assert_int_equal(a->err, 0);
	assert_int_equal(a->pid, getpid());
	assert_string_equal(a->name, "w?eb");
	assert_string_equal(a->uuid, "aaaaaaaa-0000-4000-8000-000000000001");
	assert_string_equal(a->state, "running");
	assert_false(a->paused);
	assert_true(a->vcpus.v == 2 && a->tids_n == 2 && a->tids[0] == 11 && a->tids[1] == 12);
	assert_true(a->ram_bytes.v == 384 * MIB && a->balloon_bytes.v == 64 * MIB);
	assert_true(metric_is_ok(a->used_bytes) && a->used_bytes.v == 228749312 - 203534336);
	free(a);
	/* Reading only. */
	assert_null(strstr(s.heard.buf, "qom-set"));
	assert_null(strstr(s.heard.buf, "device_"));
	stop(&s);
}

/* The same server with one answer changed: what becomes unknown, and what does not. */
static void test_qmp_unknown(void **state)
{
	(void)state;
	static const struct {
		const char *request, *text, *why;
		double balloon; /* -1 unknown */
	} rows[] = {
	        {"guest-stats\"", RETURN(STATS(UNKNOWN, UNKNOWN, "99999999999")), "total memory", 64},
	        {"guest-stats\"", RETURN(STATS("228749312", UNKNOWN, "99999999999")), "available memory", 64},
	        {"guest-stats\"", RETURN(STATS("-1", "5", "99999999999")), "total memory", 64},
	        {"guest-stats\"", RETURN(STATS("\"x\"", "[]", "99999999999")), "total memory", 64},
	        {"guest-stats\"", RETURN(STATS("228749312", "203534336", "0")), "no statistics yet", 64},
	        {"guest-stats\"", RETURN(STATS("228749312", "203534336", "1000")), "no longer renews", 64},
	        {"guest-stats\"", RETURN("7"), "no statistics yet", 64},
	        {"polling-interval", RETURN("0"), "polling is off", 64},
	        {"polling-interval", RETURN("\"on\""), "polling is off", 64},
	        {"/machine/peripheral\"", RETURN("[]"), "no balloon device", 64},
	        {"/machine/peripheral\"", RETURN("{\"a\": 1}"), "no balloon device", 64},
	        {"/machine/peripheral\"", RETURN("[1, null, {\"name\": 5, \"type\": \"child<virtio-balloon>\"}]"),
	         "no balloon", 64},
	        {"query-balloon", "{\"error\": {\"class\": \"DeviceNotActive\"}, \"id\": %d}\r\n", NULL, -1},
	        {"query-memory-size-summary", RETURN("{\"base-memory\": -5}"), NULL, -1},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reply table[ARRAY_SIZE(good_qmp) + 1] = {{rows[i].request, rows[i].text}};
		memcpy(table + 1, good_qmp, sizeof(good_qmp));
		struct server s = {.greeting = GREETING, .replies = table};
		start(&s);
		struct guest_answer *a = ask(&s, GUEST_QMP, 5000000);
		if (a->err || metric_is_ok(a->used_bytes) == (rows[i].why != NULL) ||
		    (rows[i].why && !strstr(a->used_bytes.why, rows[i].why)))
			fail_row(i, "err %d %s; used %s", a->err, a->why,
			         a->used_bytes.why ? a->used_bytes.why : "known");
		if (rows[i].balloon < 0 ? metric_is_ok(a->balloon_bytes) : a->balloon_bytes.v != rows[i].balloon * MIB)
			fail_row(i, "balloon");
		free(a);
		stop(&s);
	}
}

static void test_qmp_bad(void **state)
{
	(void)state;
	static const struct reply deep[] = {{"qmp_cap", "[[[[[[[["}, {NULL, NULL}};
	static const struct reply wrong_id[] = {{"", "{\"return\": {}, \"id\": 77}\r\n"}, {NULL, NULL}};
	static const struct reply array[] = {{"", "[1,2]\r\n"}, {NULL, NULL}};
	static const struct reply no[] = {{"", "{\"error\": {}, \"id\": %d}\r\n"}, {NULL, NULL}};
	static const struct {
		struct server s;
		int err;
		const char *why;
	} rows[] = {
	        {{.greeting = NULL, .replies = good_qmp}, -ETIMEDOUT, "no answer"},
	        {{.greeting = "hello\n"}, -EPROTO, "not the answer"},
	        {{.greeting = "{}\n"}, -EPROTO, "not the answer"},
	        {{.greeting = "{\"QMP\": 5}\n"}, -EPROTO, "not the answer"},
	        {{.greeting = "\xff\xfe\x01\n\n\n"}, -EPROTO, "not the answer"},
	        {{.greeting = "\n"}, -EPROTO, "not the answer"},
	        {{.greeting = GREETING, .replies = no}, -EPROTO, "not the answer"},
	        {{.greeting = GREETING, .replies = array}, -EPROTO, "not the answer"},
	        {{.greeting = GREETING, .replies = wrong_id}, -ETIMEDOUT, "no answer"},
	        {{.greeting = GREETING, .replies = deep}, -ETIMEDOUT, "no answer"},
	        {{.greeting = GREETING, .replies = good_qmp, .hang_up = true}, -EPIPE, "hung up"},
	        {{.endless = true}, -EMSGSIZE, "too long"},
	        {{.trickle = true}, -ETIMEDOUT, "no answer"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct server s = rows[i].s;
		start(&s);
		int64_t began = clock_mono_usec();
		/* Receiving 4 MiB takes its time under a sanitizer. */
		struct guest_answer *a = ask(&s, GUEST_QMP, rows[i].err == -EMSGSIZE ? 10000000 : 300000);
		int64_t took = clock_mono_usec() - began;
		if (a->err != rows[i].err || !strstr(a->why, rows[i].why))
			fail_row(i, "%d %s", a->err, a->why);
		if (rows[i].err == -ETIMEDOUT && (took < 290000 || took > 1500000))
			fail_row(i, "took %lld", (long long)took);
		free(a);
		stop(&s);
	}
}

#define OK(n, body) "HTTP/1.1 200 \r\nServer: x\r\nConnection: keep-alive\r\nContent-Length: " n "\r\n\r\n" body

static const struct reply good_firecracker[] = {
        {"GET / ", OK("66", "{\"app_name\": \"Firecracker\", \"id\": \"web-1\", \"state\": \"Paused\"  }   ")},
        {"GET /vm/config ", OK("54", "{\"machine-config\":{\"vcpu_count\":2,\"mem_size_mib\":256}}")},
        {"GET /balloon/statistics ",
         OK("83", "{\"actual_mib\":64,\"total_memory\":201326592,\"available_memory\":100663296,\"x\":[1,2.5]}")},
        {NULL, NULL},
};

static void test_firecracker(void **state)
{
	(void)state;
	struct server s = {.http = true, .replies = good_firecracker};
	start(&s);
	struct guest_answer *a = ask(&s, GUEST_FIRECRACKER, 5000000);
	if (a->err)
		fail_row(0, "%s", a->why);
	assert_true(a->paused);
	assert_string_equal(a->name, "web-1");
	assert_true(a->vcpus.v == 2 && a->ram_bytes.v == 256 * MIB && a->balloon_bytes.v == 64 * MIB);
	assert_true(a->used_bytes.v == 96 * MIB);
	assert_null(strstr(s.heard.buf, "PUT"));
	assert_null(strstr(s.heard.buf, "PATCH"));
	free(a);
	stop(&s);
	/* No balloon: 400, the rest stands. */
	struct server plain = {.http = true,
	                       .replies =
	                               (const struct reply[]){good_firecracker[0], good_firecracker[1], {NULL, NULL}}};
	start(&plain);
	a = ask(&plain, GUEST_FIRECRACKER, 5000000);
	assert_int_equal(a->err, 0);
	assert_true(a->vcpus.v == 2 && !metric_is_ok(a->used_bytes) && !metric_is_ok(a->balloon_bytes));
	assert_non_null(strstr(a->used_bytes.why, "not switched on"));
	free(a);
	stop(&plain);
}

static void test_cloud_hypervisor(void **state)
{
	(void)state;
	static const struct reply good[] = {
	        {"GET /api/v1/vm.info ", "HTTP/1.1 200 OK\r\nCONTENT-LENGTH:   148\r\n\r\n"
	                                 "{\"config\":{\"cpus\":{\"boot_vcpus\":2,\"max_vcpus\":4},\"memory\":{"
	                                 "\"size\":1073741824,\"hotplugged_size\":268435456}},"
	                                 "\"state\":\"Running\",\"memory_actual_size\":1}"},
	        {NULL, NULL},
	};
	struct server s = {.http = true, .replies = good};
	start(&s);
	struct guest_answer *a = ask(&s, GUEST_CLOUD_HYPERVISOR, 5000000);
	if (a->err)
		fail_row(0, "%s", a->why);
	assert_true(!a->paused && a->vcpus.v == 2 && a->ram_bytes.v == 1280 * MIB);
	assert_true(a->balloon_bytes.v == 1280 * MIB - 1);
	assert_false(metric_is_ok(a->used_bytes));
	free(a);
	stop(&s);
}

static void test_http_bad(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int err;
	} rows[] = {
	        {"", -ETIMEDOUT},
	        {"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n{}", -ETIMEDOUT},
	        {"HTTP/1.1 200 \r\n\r\n", -EPROTO},
	        {"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n[]", -EPROTO},
	        {"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n{x", -EPROTO},
	        {"HTTP/1.1 200 \r\nContent-Length: 99999999999\r\n\r\n", -EPROTO},
	        {"HTTP/1.1 200 \r\nContent-Length: -1\r\n\r\n", -EPROTO},
	        {"HTTP/1.1 99 \r\nContent-Length: 2\r\n\r\n{}", -EPROTO},
	        {"HTTP/1.1 301 \r\nContent-Length: 2\r\n\r\n{}", -EPROTO},
	        {"HTTP/1.1\r\n\r\n", -EPROTO},
	        {"SSH-2.0-OpenSSH\r\n\r\n", -EPROTO},
	        {"\r\n\r\n\r\n", -EPROTO},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct reply table[] = {{"", rows[i].text}, {NULL, NULL}};
		struct server s = {.http = true, .replies = table};
		start(&s);
		struct guest_answer *a = ask(&s, GUEST_FIRECRACKER, 300000);
		if (a->err != rows[i].err)
			fail_row(i, "%d %s", a->err, a->why);
		free(a);
		stop(&s);
	}
	/* Headers without end. */
	static char many[4096];
	(void)snprintf(many, sizeof(many), "HTTP/1.1 200 \r\n");
	for (int i = 0; i < 200; i++)
		(void)snprintf(many + strlen(many), sizeof(many) - strlen(many), "X: y\r\n");
	const struct reply table[] = {{"", many}, {NULL, NULL}};
	struct server s = {.http = true, .replies = table};
	start(&s);
	struct guest_answer *a = ask(&s, GUEST_FIRECRACKER, 2000000);
	assert_int_equal(a->err, -EPROTO);
	free(a);
	stop(&s);
}

/* Somebody is attached, somebody waits, nobody listens: no connection is made. */
static void test_refused(void **state)
{
	(void)state;
	struct server s = {.greeting = GREETING, .replies = good_qmp};
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	bind_to(&s);
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", s.path);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (const struct sockaddr *)&to, sizeof(to)), 0);
	struct guest_answer *a = ask(&s, GUEST_QMP, 300000);
	assert_int_equal(a->err, -EBUSY); /* in the queue */
	free(a);
	int served = accept4(s.listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(served >= 0);
	a = ask(&s, GUEST_QMP, 300000);
	assert_int_equal(a->err, -EBUSY);
	assert_non_null(strstr(a->why, "another client is attached"));
	free(a);
	/* Nobody of ours is in the queue. */
	struct pollfd p = {.fd = s.listener, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 50), 0);
	(void)close(client);
	(void)close(served);
	(void)close(s.listener);
	a = ask(&s, GUEST_QMP, 300000);
	assert_int_equal(a->err, -ENOENT);
	free(a);
	(void)unlink(s.path);
	strbuf_release(&s.heard);
}

static void test_cancel(void **state)
{
	(void)state;
	struct server s = {.greeting = NULL};
	start(&s);
	int cancel = eventfd(1, EFD_CLOEXEC);
	const struct guest_socket where = {.how = GUEST_QMP, .path = s.path, .bound = s.path};
	struct guest_answer *a = xcalloc(1, sizeof(*a));
	int64_t began = clock_mono_usec();
	guest_ask(&where, cancel, began + 5000000, a);
	assert_int_equal(a->err, -ECANCELED);
	assert_true(clock_mono_usec() - began < 1000000);
	free(a);
	(void)close(cancel);
	stop(&s);
}

/* Longer than an address has room for; a name without a file; a file that is no socket. */
static void test_paths(void **state)
{
	(void)state;
	struct server s = {.greeting = GREETING, .replies = good_qmp};
	struct exchange x;
	char deep[400];
	const char *line;
	size_t n;
	start(&s);
	/* The same file by a long way round. */
	(void)snprintf(deep, sizeof(deep), "%.*s", (int)(strrchr(s.path, '/') - s.path), s.path);
	for (int i = 0; i < 60; i++)
		(void)snprintf(deep + strlen(deep), sizeof(deep) - strlen(deep), "/.");
	(void)snprintf(deep + strlen(deep), sizeof(deep) - strlen(deep), "%s", strrchr(s.path, '/'));
	assert_int_equal(exchange_open(&x, deep, -1, clock_mono_usec() + 2000000), 0);
	assert_int_equal(exchange_line(&x, &line, &n), 0);
	assert_int_equal(n, strlen(GREETING) - 2);
	exchange_close(&x);
	stop(&s);
	assert_int_equal(exchange_open(&x, deep, -1, 0), -ENOENT);
	assert_int_equal(exchange_open(&x, "@vctop-test-nobody", -1, 0), -ECONNREFUSED);
	assert_int_equal(exchange_open(&x, "/proc/self/stat", -1, 0), -ECONNREFUSED);
	assert_int_equal(exchange_open(&x, "", -1, 0), -ENAMETOOLONG);
}

static void test_table(void **state)
{
	(void)state;
#define HEAD "Num       RefCount Protocol Flags    Type St Inode Path\n"
#define ROW(flags, st, inode, path) "0000000000000000: 00000002 00000000 " flags " 0001 " st " " inode path "\n"
	static const struct {
		const char *text, *bound;
		unsigned listeners, clients, queued;
	} rows[] = {
	        {"", "/q", 0, 0, 0},
	        {HEAD, "/q", 0, 0, 0},
	        {HEAD ROW("00010000", "01", "11", " /q"), "/q", 1, 0, 0},
	        {HEAD ROW("00010000", "01", "11", " /q") ROW("00000000", "03", "12", " /q"), "/q", 1, 1, 0},
	        {HEAD ROW("00010000", "01", "11", " /q") ROW("00000000", "02", "0", " /q"), "/q", 1, 0, 1},
	        {HEAD ROW("00000000", "01", "11", " /q"), "/q", 0, 0, 0}, /* bound, not listening */
	        {HEAD ROW("00010000", "01", "11", " /qq") ROW("00000000", "03", "1", " /q/q"), "/q", 0, 0, 0},
	        {HEAD ROW("00010000", "01", "11", " @q"), "@q", 1, 0, 0},
	        {HEAD ROW("00010000", "01", "11", " @q"), "/q", 0, 0, 0},
	        {HEAD ROW("00010000", "01", "11", ""), "/q", 0, 0, 0},
	        /* relative: its directory is not known, so what ends alike counts */
	        {HEAD ROW("00010000", "01", "11", " qmp.sock"), "/run/qmp.sock", 1, 0, 0},
	        {HEAD ROW("00000000", "03", "11", " ./d/qmp.sock"), "/run/d/qmp.sock", 0, 1, 0},
	        {HEAD ROW("00000000", "03", "11", " mp.sock"), "/run/qmp.sock", 0, 0, 0},
	        {HEAD ROW("00010000", "01", "11", " /with space"), "/with space", 1, 0, 0},
	        /* cut, and not of the form */
	        {"0000000000000000: 00000002 00000000 000100", "/q", 0, 0, 0},
	        {"x y z 00010000 0001 01 11 /q\n", "/q", 1, 0, 0},
	        {"0: 1 2 zz 0001 01 11 /q\n0: 1 2 00010000 1 01 -1 /q\n0: 1 2 00010000 1 01 11 \n", "/q", 0, 0, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct unix_use u = {0};
		char *text = exact(rows[i].text, strlen(rows[i].text));
		unix_table_count(text, strlen(rows[i].text), rows[i].bound, NULL, &u);
		if (u.listeners != rows[i].listeners || u.clients != rows[i].clients || u.queued != rows[i].queued)
			fail_row(i, "%u %u %u", u.listeners, u.clients, u.queued);
		free(text);
	}
	/* Jailed VMs all have the same path: those of others are not ours, and a queue belongs to nobody yet. */
	static const char two[] = HEAD ROW("00010000", "01", "11", " /q") ROW("00010000", "01", "21", " /q")
	        ROW("00000000", "03", "22", " /q") ROW("00000000", "02", "0", " /q");
	inode_vec own = {0};
	struct unix_use u = {0};
	vec_push(&own, 11);
	unix_table_count(two, sizeof(two) - 1, "/q", &own, &u);
	assert_true(u.listeners == 1 && u.clients == 0 && u.queued == 1);
	vec_free(&own);
}

/* The desk: an answer by the next ticks, matched to its VM; refusals as notices; ends at once with a question open. */
static void test_desk(void **state)
{
	(void)state;
	struct server s = {.greeting = GREETING, .replies = good_qmp}, silent = {.greeting = NULL};
	start(&s);
	start(&silent);
	const char *paths[] = {s.path, silent.path, "/nonexistent/q.sock"};
	const struct guest_questions q = {.qmp = paths, .qmp_n = 3};
	const struct guest_vm vms[] = {
	        {.pid = 1, .runtime = "qemu-kvm", .name = "other", .vms_named_so = 1},
	        {.pid = 2, .runtime = "qemu-kvm", .uuid = "aaaaaaaa-0000-4000-8000-000000000001", .vms_named_so = 1},
	        {.pid = 3, .runtime = "firecracker", .uuid = "aaaaaaaa-0000-4000-8000-000000000001", .vms_named_so = 1},
	};
	struct rootfs *fs = rootfs_open("/", NULL);
	struct snapshot *snap = snapshot_new();
	struct guest_desk *d = guest_desk_new(&q);
	bool noticed = false;
	const struct guest_answer *a = NULL;
	for (int i = 0; i < 300 && !(a && noticed); i++) {
		int64_t began = clock_mono_usec();
		snapshot_clear(snap);
		guest_desk_tick(d, fs, vms, ARRAY_SIZE(vms), began, snap);
		assert_true(clock_mono_usec() - began < 100000);
		a = guest_desk_answer(d, &vms[1]);
		for (size_t n = 0; n < snap->notices.n; n++)
			noticed |= strstr(snap->notices.v[n].what, "/nonexistent/q.sock") != NULL &&
			           strstr(snap->notices.v[n].why, "nothing listens") != NULL;
		(void)usleep(10000);
	}
	assert_true(a && noticed);
	assert_true(a->used_bytes.v == 228749312 - 203534336);
	assert_null(guest_desk_answer(d, &vms[0]));
	assert_null(guest_desk_answer(d, &vms[2]));
	int64_t began = clock_mono_usec();
	guest_desk_free(d); /* the silent one is still being asked */
	assert_true(clock_mono_usec() - began < 1000000);
	snapshot_free(snap);
	rootfs_close(fs);
	stop(&s);
	stop(&silent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_qmp),
	        cmocka_unit_test(test_qmp_unknown),
	        cmocka_unit_test(test_qmp_bad),
	        cmocka_unit_test(test_firecracker),
	        cmocka_unit_test(test_cloud_hypervisor),
	        cmocka_unit_test(test_http_bad),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_cancel),
	        cmocka_unit_test(test_table),
	        cmocka_unit_test(test_paths),
	        cmocka_unit_test(test_desk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
