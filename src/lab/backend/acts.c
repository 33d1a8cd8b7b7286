/* What is done with samples that are a process in a cgroup of ours: plain, builtin, runc and crun. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab/backend/tar.h"
#include "lab/lab.h"
#include "lab/tool/file.h"
#include "lab/tool/proctable.h"
#include "lab/tool/weigh.h"

#define MAX_PROGRAM (16 << 20)

static int pause_group(const struct reg *r, const struct launched *l, bool on, struct error *err)
{
	char leaf[48];
	(void)r;
	sample_leaf(l->kind, l->name, leaf);
	return lab_cgroup_freeze(leaf, on, err);
}

static int end_process(const struct reg *r, const struct launched *l, struct error *err)
{
	cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, l->pid, 0);
	(void)r;
	if (pidfd < 0 || !proctable_is(l->pid, l->pid_start) ||
	    syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0) < 0)
		return error_set(err, ESRCH, "%s: its process has ended", l->name);
	return 0;
}

/* Its root holds one program, which can be read from here. */
static int read_root(const struct launched *l, struct strbuf *program, struct error *err)
{
	cleanup_free char *path = xasprintf("/proc/%d/root/init", (int)l->pid);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return error_set(err, errno, "%s: %s", path, strerror(errno));
	int r = strbuf_read(program, fd, MAX_PROGRAM);
	return r < 0 && r != -E2BIG ? error_set(err, -r, "%s: %s", path, strerror(-r)) : 0;
}

static int snapshot_root(const struct reg *r, const struct launched *l, struct saved *ret, struct error *err)
{
	cleanup_strbuf struct strbuf program = STRBUF_INIT;
	cleanup_strbuf struct strbuf tar = STRBUF_INIT;
	cleanup_free char *path = sample_file(r, l, "snapshot.tar");
	struct stat st = {0};
	double from = launch_clock();
	int rc = read_root(l, &program, err);
	if (rc < 0)
		return rc;
	tar_build(program.buf, program.len, &tar);
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	rc = fd < 0 ? -errno : file_write(fd, tar.buf, tar.len);
	if (rc == 0 && (fsync(fd) < 0 || fstat(fd, &st) < 0))
		rc = -errno;
	if (rc < 0)
		rc = error_set(err, -rc, "%s: %s", path, strerror(-rc));
	else
		*ret = (struct saved){(uint64_t)st.st_blocks * 512, launch_clock() - from};
	(void)unlink(path);
	return rc;
}

/* A bundle has its root file system beside it; else the program itself is all of the image. */
static void disk_group(const struct reg *r, const struct launched *l, struct disk_use *ret)
{
	cleanup_free char *dir = sample_file(r, l, ""), *rootfs = sample_file(r, l, "rootfs");
	cleanup_free char *program = workload_find(NULL);
	bool bundle = access(rootfs, F_OK) == 0;
	uint64_t all = weigh_files(dir), image = weigh_files(bundle ? rootfs : program ? program : "");
	ret->image = metric_ok((double)image);
	ret->writable = metric_ok((double)(bundle && all > image ? all - image : all));
}

static void commands_group(const struct launch *ln, struct strbuf *ret)
{
	const struct launched *l = &ln->l;
	if (strcmp(l->kind, "process") == 0) {
		strbuf_fmt(ret, "mkdir /sys/fs/cgroup/%s; echo '%.0f 100000' >/sys/fs/cgroup/%s/cpu.max; ", l->name,
		           l->cpus * 100000, l->name);
		strbuf_fmt(ret, "echo %llu >/sys/fs/cgroup/%s/memory.max\n", (unsigned long long)l->memory, l->name);
		strbuf_fmt(ret, "echo $$ >/sys/fs/cgroup/%s/cgroup.procs; ./vctop-workload --workload idle\n", l->name);
		return;
	}
	if (strcmp(l->backend, "builtin") == 0) {
		strbuf_fmt(ret, "vctop sample start container --name %s --backend builtin --cpus %g --memory %llu\n",
		           l->name, l->cpus, (unsigned long long)l->memory);
		strbuf_fmt(ret, "vctop sample load %s memory\nvctop sample stop %s\n", l->name, l->name);
		return;
	}
	strbuf_fmt(ret, "%s --root DIR/runc create --bundle DIR --pid-file DIR/pid vctop-%s\n", l->backend, l->name);
	strbuf_fmt(ret, "%s --root DIR/runc start vctop-%s\n", l->backend, l->name);
	strbuf_fmt(ret, "%s --root DIR/runc pause vctop-%s\n", l->backend, l->name);
	strbuf_fmt(ret, "%s --root DIR/runc resume vctop-%s\n", l->backend, l->name);
	strbuf_fmt(ret, "%s --root DIR/runc kill vctop-%s TERM\n", l->backend, l->name);
	strbuf_fmt(ret, "%s --root DIR/runc delete vctop-%s\n", l->backend, l->name);
}

const struct acts acts_process = {sample_answers, pause_group, end_process, NULL, disk_group, commands_group};
const struct acts acts_group = {sample_answers, pause_group, end_process, snapshot_root, disk_group, commands_group};
