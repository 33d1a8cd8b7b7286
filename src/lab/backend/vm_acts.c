/* What is done with a running QEMU sample: through its monitor, and through the orders its init takes. */
#include "lab/backend/vm_acts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/backend/qmp.h"
#include "lab/tool/proctable.h"
#include "lab/tool/weigh.h"

#define ORDER_MSEC 10000
#define MIGRATE_MSEC 60000
#define BALLOON_MSEC 8000
#define BALLOON_RESERVE (16U << 20) /* what the guest keeps free: without any it would thrash */

static int open_monitor(const struct reg *r, const struct launched *l, struct qmp *q, struct error *err)
{
	cleanup_free char *path = sample_file(r, l, SAMPLE_MONITOR);
	return qmp_open(q, path, err);
}

static int pause_vm(const struct reg *r, const struct launched *l, bool on, struct error *err)
{
	cleanup_qmp struct qmp q = QMP_INIT;
	int rc = open_monitor(r, l, &q, err);
	return rc < 0 ? rc : qmp_do(&q, on ? "stop" : "cont", NULL, -1, NULL, err);
}

static int end_vm(const struct reg *r, const struct launched *l, struct error *err)
{
	return order_give(r, l, ORDER_OFF, ORDER_MSEC, err);
}

static int await_migration(struct qmp *q, struct error *err)
{
	for (unsigned waited = 0; waited < MIGRATE_MSEC; waited += 5) {
		json_t *answer = NULL;
		int r = qmp_do(q, "query-migrate", NULL, -1, &answer, err);
		const char *status = json_string_value(json_object_get(answer, "status"));
		bool done = status && strcmp(status, "completed") == 0;
		if (r == 0 && status && (strcmp(status, "failed") == 0 || strcmp(status, "cancelled") == 0))
			r = error_set(err, EIO, "QEMU: migrate: %s", status);
		json_decref(answer);
		if (r < 0 || done)
			return r;
		lab_nap(5);
	}
	return error_set(err, ETIMEDOUT, "QEMU: migrate: not done in %d s", MIGRATE_MSEC / 1000);
}

/* The file goes in as an fd: the sandbox lets QEMU start no program to write for it. */
static int migrate_to(struct qmp *q, int fd, struct error *err)
{
	int r = qmp_do(q, "stop", NULL, -1, NULL, err);
	if (r == 0)
		r = qmp_do(q, "migrate-set-parameters", json_pack("{s:I}", "max-bandwidth", (json_int_t)1 << 40), -1,
		           NULL, err);
	if (r == 0)
		r = qmp_do(q, "getfd", json_pack("{s:s}", "fdname", "snapshot"), fd, NULL, err);
	if (r == 0)
		r = qmp_do(q, "migrate", json_pack("{s:s}", "uri", "fd:snapshot"), -1, NULL, err);
	return r < 0 ? r : await_migration(q, err);
}

static int snapshot_vm(const struct reg *r, const struct launched *l, struct saved *ret, struct error *err)
{
	cleanup_qmp struct qmp q = QMP_INIT;
	cleanup_free char *path = sample_file(r, l, "snapshot");
	struct stat st = {0};
	cleanup_close int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(err, errno, "%s: %s", path, strerror(errno));
	double from = launch_clock();
	int rc = open_monitor(r, l, &q, err);
	if (rc == 0)
		rc = migrate_to(&q, fd, err);
	if (rc == 0 && (fsync(fd) < 0 || fstat(fd, &st) < 0))
		rc = error_set(err, errno, "%s: %s", path, strerror(errno));
	if (rc == 0)
		*ret = (struct saved){(uint64_t)st.st_blocks * 512, launch_clock() - from};
	if (q.fd >= 0 && qmp_do(&q, "cont", NULL, -1, NULL, rc == 0 ? err : NULL) < 0 && rc == 0)
		rc = -EIO;
	(void)unlink(path);
	return rc;
}

static void disk_vm(const struct reg *r, const struct launched *l, struct disk_use *ret)
{
	cleanup_free char *dir = sample_file(r, l, ""), *initrd = sample_file(r, l, SAMPLE_INITRD);
	cleanup_free char *kernel = kernel_find(NULL);
	uint64_t all = weigh_files(dir), own = weigh_files(initrd);
	ret->image = kernel && own ? metric_ok((double)(weigh_files(kernel) + own))
	                           : metric_none(METRIC_ABSENT, "the initramfs is not kept");
	ret->writable = metric_ok((double)(all > own ? all - own : 0));
}

/* What the guest says is available, once it has answered the balloon's question. */
static int guest_available(struct qmp *q, uint64_t *ret, struct error *err)
{
	static const char path[] = "/machine/peripheral/balloon";
	int r = qmp_do(q, "qom-set",
	               json_pack("{s:s,s:s,s:i}", "path", path, "property", "guest-stats-polling-interval", "value", 1),
	               -1, NULL, err);
	for (unsigned waited = 0; r == 0 && waited < BALLOON_MSEC; waited += 50) {
		json_t *answer = NULL;
		r = qmp_do(q, "qom-get", json_pack("{s:s,s:s}", "path", path, "property", "guest-stats"), -1, &answer,
		           err);
		double v =
		        json_number_value(json_object_get(json_object_get(answer, "stats"), "stat-available-memory"));
		json_decref(answer);
		if (r == 0 && v > 0 && v < 1e15) {
			*ret = (uint64_t)v;
			return 0;
		}
		lab_nap(50);
	}
	return r < 0 ? r : error_set(err, ETIMEDOUT, "the guest's balloon driver does not answer");
}

static int await_balloon(struct qmp *q, uint64_t target, struct error *err)
{
	for (unsigned waited = 0; waited < BALLOON_MSEC; waited += 20) {
		json_t *answer = NULL;
		int r = qmp_do(q, "query-balloon", NULL, -1, &answer, err);
		double actual = json_number_value(json_object_get(answer, "actual"));
		json_decref(answer);
		if (r < 0)
			return r;
		if (actual <= (double)target + (1 << 20))
			return 0;
		lab_nap(20);
	}
	return error_set(err, ETIMEDOUT, "the balloon did not reach its size in %d s", BALLOON_MSEC / 1000);
}

int vm_inflate(const struct reg *r, const struct launched *l, struct error *err)
{
	cleanup_qmp struct qmp q = QMP_INIT;
	uint64_t available = 0;
	int rc = open_monitor(r, l, &q, err);
	if (rc == 0)
		rc = guest_available(&q, &available, err);
	if (rc < 0)
		return rc;
	if (available <= BALLOON_RESERVE || available > l->memory)
		return error_set(err, ENOSPC, "the guest has nothing to give");
	uint64_t target = l->memory - (available - BALLOON_RESERVE);
	rc = qmp_do(&q, "balloon", json_pack("{s:I}", "value", (json_int_t)target), -1, NULL, err);
	return rc < 0 ? rc : await_balloon(&q, target, err);
}

int vm_press_power(const struct reg *r, const struct launched *l, struct error *err)
{
	cleanup_qmp struct qmp q = QMP_INIT;
	int rc = open_monitor(r, l, &q, err);
	return rc < 0 ? rc : qmp_do(&q, "system_powerdown", NULL, -1, NULL, err);
}

static void commands_vm(const struct launch *ln, struct strbuf *ret)
{
	qemu_command(ln, ret);
	strbuf_str(ret, "\necho '{\"execute\":\"qmp_capabilities\"}{\"execute\":\"stop\"}{\"execute\":\"cont\"}' | "
	                "socat - DIR/" SAMPLE_MONITOR "\n");
	if (!ln->disk)
		strbuf_str(ret,
		           "echo memory | socat - DIR/" SAMPLE_ORDERS "\necho off | socat - DIR/" SAMPLE_ORDERS "\n");
}

const struct acts acts_qemu = {sample_answers, pause_vm, end_vm, snapshot_vm, disk_vm, commands_vm};
