#include "lab/backend/rest_vm.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/backend/vmlinux.h"
#include "lab/remains.h"
#include "lab/tool/http.h"
#include "lab/tool/spawn.h"
#include "lab/tool/weigh.h"

/* There is nothing to fall back to, so a busy machine is given its time. */
#define READY_MSEC 60000
#define ORDER_MSEC 10000
#define ANSWER_MSEC 60000 /* a snapshot writes all of the memory */

static int check_machine(const struct rest_vmm *v, struct error *err)
{
#if !defined(__x86_64__)
	return error_set(err, EOPNOTSUPP, "vctop starts %s on x86 alone", v->title);
#else
	cleanup_free char *program = spawn_find(v->program);
	if (!program)
		return error_set(err, ENOENT, "%s: not installed", v->program);
	cleanup_close int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	return fd < 0 ? error_set(err, errno, "/dev/kvm: %s; %s needs it", strerror(errno), v->title) : 0;
#endif
}

int rest_vm_check(const struct rest_vmm *v, struct error *err)
{
	int r = check_machine(v, err);
	if (r < 0)
		return r;
	cleanup_free char *kernel = kernel_find(err);
	cleanup_free char *workload = kernel ? workload_find(err) : NULL;
	return workload ? vmlinux_check(kernel, err) : -ENOENT;
}

int rest_vm_launch(const struct rest_vmm *v, struct launch *ln, struct error *err)
{
	cleanup_vm struct vm vm = VM_INIT(ln, v->title, "KVM", READY_MSEC);
	if (launch_threads(&ln->l) > v->max_cpus)
		return error_set(err, EINVAL, "%s: %s gives a VM at most %u vCPUs", ln->l.name, v->title, v->max_cpus);
	vm.dir = sample_file(&ln->reg, &ln->l, "");
	vm.image = sample_file(&ln->reg, &ln->l, REST_KERNEL);
	vm.program = spawn_find(v->program);
	if (!vm.program)
		return error_set(err, ENOENT, "%s: not installed", v->program);
	vm.kernel = kernel_find(err);
	int r = vm.kernel ? vm_prepare(&vm, err) : -ENOENT;
	if (r == 0)
		r = vmlinux_unpack(vm.kernel, vm.image, ln->cancel, err);
	if (r == 0)
		r = launch_create(ln, SAMPLE_ANSWERS, &vm.out, err);
	if (r == 0)
		r = v->open(&vm, err);
	if (r == 0) {
		v->describe(&vm);
		r = vm_run(&vm, err);
	}
	return r;
}

void rest_vm_command(const struct rest_vmm *v, const struct launch *ln, const char *behind, struct strbuf *ret)
{
	struct launch copy = *ln;
	cleanup_vm struct vm vm = VM_INIT(&copy, v->title, "KVM", 0);
	cleanup_free char *kernel = kernel_find(NULL);
	strbuf_fmt(ret, "/usr/src/linux-headers-$(uname -r)/scripts/extract-vmlinux %s >DIR/" REST_KERNEL "\n",
	           kernel ? kernel : "/boot/vmlinuz");
	vm.dir = xstrdup("DIR");
	vm.program = xstrdup(v->program);
	v->describe(&vm);
	vec_push(&vm.argv, NULL);
	spawn_quote(vm.argv.v, ret);
	strbuf_fmt(ret, "%s\n", behind);
}

int rest_vm_tell(const struct reg *r, const struct launched *l, const char *method, const char *target, json_t *body,
                 struct error *err)
{
	cleanup_free char *path = sample_file(r, l, REST_SOCKET);
	return http_request(path, method, target, body, ANSWER_MSEC, err);
}

int rest_vm_end(const struct reg *r, const struct launched *l, struct error *err)
{
	return order_give(r, l, ORDER_OFF, ORDER_MSEC, err);
}

void rest_vm_disk(const struct reg *r, const struct launched *l, struct disk_use *ret)
{
	cleanup_free char *dir = sample_file(r, l, ""), *initrd = sample_file(r, l, SAMPLE_INITRD);
	cleanup_free char *kernel = sample_file(r, l, REST_KERNEL);
	uint64_t all = weigh_files(dir), image = weigh_files(kernel), own = weigh_files(initrd);
	ret->image = image && own ? metric_ok((double)(image + own))
	                          : metric_none(METRIC_ABSENT, "kernel and initramfs are not kept");
	ret->writable = metric_ok((double)(all > image + own ? all - image - own : 0));
}

/* The VMM has written them and closed them: now onto the disk, then away. */
static int sync_files(const char *dir)
{
	char *const roots[] = {(char *)(uintptr_t)dir, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	int r = tree ? 0 : -errno;
	for (const FTSENT *e; tree && (e = fts_read(tree));) {
		cleanup_close int fd = e->fts_info == FTS_F ? open(e->fts_path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
		if (e->fts_info == FTS_F && (fd < 0 || fsync(fd) < 0))
			r = -errno;
	}
	if (tree)
		(void)fts_close(tree);
	return r;
}

int rest_vm_snapshot(const struct reg *r, const struct launched *l, const struct acts *acts,
                     int (*write)(const struct reg *r, const struct launched *l, const char *dir, struct error *err),
                     struct saved *ret, struct error *err)
{
	cleanup_free char *dir = sample_file(r, l, "snapshot");
	double from = launch_clock();
	if (mkdir(dir, 0700) < 0)
		return error_set(err, errno, "%s: %s", dir, strerror(errno));
	int rc = acts->pause(r, l, true, err);
	if (rc == 0) {
		rc = write(r, l, dir, err);
		int synced = rc == 0 ? sync_files(dir) : 0;
		if (synced < 0)
			rc = error_set(err, -synced, "%s: %s", dir, strerror(-synced));
		if (rc == 0)
			*ret = (struct saved){weigh_files(dir), launch_clock() - from};
		int on = acts->pause(r, l, false, rc == 0 ? err : NULL);
		rc = rc == 0 ? on : rc;
	}
	(void)remains_remove_tree(dir, NULL);
	return rc;
}
