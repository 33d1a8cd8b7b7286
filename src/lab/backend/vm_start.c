#include "lab/backend/vm_start.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/backend/initramfs.h"
#include "lab/tool/cgroup.h"
#include "lab/tool/file.h"
#include "lab/tool/spawn.h"
#include "vctop/base/clock.h"

/* A distribution starts hundreds of programs before it asks for a login. */
#define DISK_PATIENCE 5

void vm_release(struct vm *vm)
{
	free(vm->program);
	free(vm->kernel);
	free(vm->image);
	free(vm->dir);
	attr_closep(&vm->in);
	attr_closep(&vm->out);
	attr_closep(&vm->keep);
	attr_closep(&vm->log);
	for (size_t i = 0; i < vm->argv.n; i++)
		free(vm->argv.v[i]);
	vec_free(&vm->argv);
}

void vm_arg(struct vm *vm, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = xvasprintf(fmt, ap);
	va_end(ap);
	vec_push(&vm->argv, s);
}

void vm_args(struct vm *vm, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, " ");
		vm_arg(vm, "%.*s", (int)n, list);
		list += n + (list[n] == ' ');
	}
}

char *vm_kernel_args(const struct vm *vm, const char *first)
{
	const struct launched *l = &vm->ln->l;
	return xasprintf("%s quiet panic=-1 vctop.workload=%s vctop.threads=%u vctop.bytes=%llu", first, l->workload,
	                 launch_threads(l), (unsigned long long)launch_bytes(vm->ln));
}

static int write_initramfs(const struct vm *vm, struct error *err)
{
	cleanup_strbuf struct strbuf program = STRBUF_INIT;
	cleanup_strbuf struct strbuf image = STRBUF_INIT;
	struct strbuf modules[KERNEL_MODULES_MAX];
	cleanup_close int fd = -1;
	int r = workload_read(&program, err);
	if (r < 0)
		return r;
	size_t n = vm->ln->balloon == BALLOON_NONE ? 0 : kernel_balloon_modules(vm->kernel, modules);
	initramfs_build(program.buf, program.len, modules, n, &image);
	while (n > 0)
		strbuf_release(&modules[--n]);
	r = launch_create(vm->ln, SAMPLE_INITRD, &fd, err);
	if (r < 0)
		return r;
	r = file_write(fd, image.buf, image.len);
	return r < 0 ? error_set(err, -r, "%s/" SAMPLE_INITRD ": %s", vm->dir, strerror(-r)) : 0;
}

/* Without root there is no cgroup: the VM runs where its starter runs. */
int vm_prepare(struct vm *vm, struct error *err)
{
	const struct cgroup_limits none = {0};
	int r = launch_make_place(vm->ln, geteuid() == 0 ? &none : NULL, err);
	if (r == 0 && !vm->ln->disk)
		r = write_initramfs(vm, err);
	if (r == 0)
		r = launch_create(vm->ln, "log", &vm->log, err);
	return r;
}

static void run_vmm(void *data, int report)
{
	struct vm *vm = data;
	(void)report; /* the guest reports, not the VMM */
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	(void)umask(077);
	spawn_child_fds(vm->in >= 0 ? vm->in : null, vm->out >= 0 ? vm->out : vm->log, vm->log, vm->keep);
	(void)execv(vm->argv.v[0], vm->argv.v);
	dprintf(2, "%s: %s\n", vm->argv.v[0], strerror(errno));
	_exit(127);
}

static int start(struct vm *vm, struct detached_child *child, struct error *err)
{
	struct launch *ln = vm->ln;
	const struct detached d = {run_vmm, vm, 0};
	vec_push(&vm->argv, NULL);
	ln->asked = launch_clock();
	int r = spawn_detached(&d, child);
	if (r < 0)
		return error_set(err, -r, "%s: %s", ln->l.name, strerror(-r));
	ln->l.pid = child->pid;
	r = launch_record(ln, err);
	if (r == 0 && geteuid() == 0)
		r = lab_cgroup_attach(ln->leaf, child->pid, err);
	ln->running = launch_clock();
	if (r == 0 && spawn_go(child) < 0)
		r = error_set(err, ECHILD, "%s: %s ended at once", ln->l.name, vm->vmm);
	return r;
}

static int await_guest(const struct vm *vm, const struct detached_child *c, struct error *err)
{
	unsigned limit = vm->limit_msec * (vm->ln->disk ? DISK_PATIENCE : 1);
	int64_t until = clock_mono_usec() + limit * 1000LL;
	struct pollfd p = {.fd = c->pidfd, .events = POLLIN};
	while (!launch_has_reported(vm->ln)) {
		int r = launch_interrupted(vm->ln, err);
		if (r < 0)
			return r;
		if (clock_mono_usec() >= until)
			return error_set(err, ETIMEDOUT, "%s: the guest did not report in %u s under %s",
			                 vm->ln->l.name, limit / 1000, vm->accel);
		if (poll(&p, 1, 3) > 0) {
			char text[2048] = "", line[320];
			ssize_t n = pread(vm->log, text, sizeof(text) - 1, 0);
			text[n > 0 ? n : 0] = '\0';
			return error_set(err, ECHILD, "%s: %s", vm->ln->l.name,
			                 n > 0 ? spawn_first_line(text, line, sizeof(line))
			                       : "the guest ended while it was booting (more --memory?)");
		}
	}
	return 0;
}

/* The guest boots at full speed: a tenth of a core would turn 2 s of boot into 20, and say nothing about the VM. */
static int cap_cpu(const struct launch *ln, struct error *err)
{
	if (geteuid() != 0 || ceil(ln->l.cpus) <= ln->l.cpus)
		return 0;
	return lab_cgroup_limit_cpu(ln->leaf, ln->l.cpus, err);
}

int vm_run(struct vm *vm, struct error *err)
{
	cleanup_detached struct detached_child child = DETACHED_INIT;
	int r = start(vm, &child, err);
	if (r == 0)
		r = await_guest(vm, &child, err);
	if (r < 0)
		return r;
	if (!vm->ln->monitor) { /* the comparison weighs them; else they are in the guest's memory now */
		cleanup_free char *initrd = sample_file(&vm->ln->reg, &vm->ln->l, SAMPLE_INITRD);
		(void)unlink(initrd);
		if (vm->image)
			(void)unlink(vm->image);
	}
	return cap_cpu(vm->ln, err);
}
