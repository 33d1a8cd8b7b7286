/*
 * QEMU's command line, by table: every form of -smp, -m, -name, -object and -readconfig, JSON and doubled commas;
 * what is no QEMU; and what a hostile process may put there.
 */
#include <errno.h>

#include "source/vm/kvm_fds.h"
#include "source/vmm/qemu.h"
#include "source/vmm/qemu_args.h"
#include "source/vmm/qemu_opts.h"
#include "tree.h"
#include "unit.h"

#define MIB (UINT64_C(1) << 20)
#define ARGS_MAX 24

struct row {
	const char *argv[ARGS_MAX]; /* after the program's name */
	unsigned vcpus;
	uint64_t ram;
	const char *vcpus_from, *ram_from, *name, *uuid, *image;
	enum qemu_accel accel;
	bool paused, no_guest;
	const char *problem; /* a part of it; NULL: none may be reported */
};

static const char config_text[] = "# incus\n"
                                  "[machine]\n  type = \"q35\"\n  accel = \"kvm\"\n"
                                  "[smp-opts]\ncpus = \"4\"\nsockets = \"1\"\n"
                                  "[memory]\nsize = \"1024M\"\n"
                                  "[object \"mem0\"]\nqom-type = \"memory-backend-memfd\"\nsize = \"1024M\"\n"
                                  "[drive \"d\"]\nfile = \"/img/root,x.img\"\n"
                                  "[name]\nguest = \"fromfile\"\n";
static const char config_broken[] = "[memory]\nsize = \"2G\"\nrubbish\n[smp-opts\n cpus = \"9\"\n";
static const char config_backend[] = "[machine]\nmemory-backend = \"m\"\n"
                                     "[object \"m\"]\nqom-type = \"memory-backend-file\"\nsize = \"268435456\"\n";

static ssize_t fake_read(void *data, const char *path, struct strbuf *sb)
{
	(void)data;
	strbuf_clear(sb);
	if (strcmp(path, "/good") == 0)
		strbuf_str(sb, config_text);
	else if (strcmp(path, "/broken") == 0)
		strbuf_str(sb, config_broken);
	else if (strcmp(path, "/backend") == 0)
		strbuf_str(sb, config_backend);
	else
		return -EACCES;
	return (ssize_t)sb->len;
}

static struct process process_of(const char *const *args, char **argv, size_t max)
{
	struct process p = {.pid = 1, .argv = argv};
	argv[p.argc++] = xstrdup("/usr/bin/qemu-system-x86_64");
	for (size_t i = 0; i + 2 < max && args[i]; i++)
		argv[p.argc++] = exact(args[i], strlen(args[i]) + 1);
	argv[p.argc] = NULL;
	return p;
}

static void free_args(struct process *p)
{
	for (size_t i = 0; i < p->argc; i++)
		free(p->argv[i]);
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void check_rows(const struct row *rows, size_t n)
{
	const struct qemu_reader reader = {fake_read, NULL};
	for (size_t i = 0; i < n; i++) {
		const struct row *r = &rows[i];
		char *argv[ARGS_MAX + 2];
		struct process p = process_of(r->argv, argv, ARRAY_SIZE(argv));
		struct qemu_launch l;
		qemu_args_parse(&p, &reader, &l);
		const struct vm_config *c = &l.config;
		bool told = r->problem ? c->problem && strstr(c->problem, r->problem) : !c->problem;
		if (c->vcpus != r->vcpus || c->ram_bytes != r->ram || !same(c->name, r->name) ||
		    !same(c->uuid, r->uuid) || !same(c->image, r->image) || !told || l.accel != r->accel ||
		    c->paused_at_start != r->paused || l.no_guest != r->no_guest ||
		    (r->vcpus_from && !same(c->vcpus_from, r->vcpus_from)) ||
		    (r->ram_from && !same(c->ram_from, r->ram_from)))
			fail_row(
			        i,
			        "%s %s: %u vCPUs (%s), %llu MiB (%s), name %s, uuid %s, image %s, accel %d, problem %s",
			        r->argv[0] ? r->argv[0] : "", r->argv[0] && r->argv[1] ? r->argv[1] : "", c->vcpus,
			        c->vcpus_from ? c->vcpus_from : "-", (unsigned long long)(c->ram_bytes / MIB),
			        c->ram_from ? c->ram_from : "-", c->name ? c->name : "-", c->uuid ? c->uuid : "-",
			        c->image ? c->image : "-", (int)l.accel, c->problem ? c->problem : "-");
		vm_config_release(&l.config);
		free_args(&p);
	}
}

static void test_smp(void **state)
{
	(void)state;
	static const struct row rows[] = {
	        {.argv = {NULL}, .vcpus = 1, .ram = 128 * MIB, .vcpus_from = "default", .ram_from = "default"},
	        {.argv = {"-smp", "4"}, .vcpus = 4, .ram = 128 * MIB, .vcpus_from = "-smp"},
	        {.argv = {"--smp", "4"}, .vcpus = 4, .ram = 128 * MIB},
	        {.argv = {"-smp", "cpus=3"}, .vcpus = 3, .ram = 128 * MIB},
	        {.argv = {"-smp", "2,maxcpus=8,sockets=8"}, .vcpus = 2, .ram = 128 * MIB},
	        {.argv = {"-smp", "maxcpus=8"}, .vcpus = 8, .ram = 128 * MIB},
	        {.argv = {"-smp", "sockets=2,cores=3,threads=2"}, .vcpus = 12, .ram = 128 * MIB},
	        {.argv = {"-smp", "dies=2,clusters=2,modules=2,cores=2"}, .vcpus = 16, .ram = 128 * MIB},
	        {.argv = {"-smp", "drawers=2,books=2,sockets=2"}, .vcpus = 8, .ram = 128 * MIB},
	        {.argv = {"-smp", "cores=2", "-smp", "cores=4"}, .vcpus = 4, .ram = 128 * MIB},
	        {.argv = {"-smp", "2", "-smp", "6"}, .vcpus = 6, .ram = 128 * MIB},
	        {.argv = {"-smp", "0x10"}, .vcpus = 16, .ram = 128 * MIB},
	        {.argv = {"-machine", "q35,smp.cpus=5"}, .vcpus = 5, .ram = 128 * MIB},
	        {.argv = {"-smp", "1,maxcpus=3", "-device", "qemu64-x86_64-cpu,id=c1", "-device",
	                  "{\"driver\":\"host-x86_64-cpu\",\"id\":\"c2\"}"},
	         .vcpus = 3,
	         .ram = 128 * MIB},
	        {.argv = {"-device", "virtio-net-pci"}, .vcpus = 1, .ram = 128 * MIB},
	        {.argv = {"-smp", "x"}, .ram = 128 * MIB, .problem = "-smp x: not a number"},
	        {.argv = {"-smp", "-4"}, .ram = 128 * MIB, .problem = "not a number"},
	        {.argv = {"-smp", "99999999999999999999"}, .ram = 128 * MIB, .problem = "too large"},
	        {.argv = {"-smp", "cores=65536,threads=65536"}, .ram = 128 * MIB, .problem = "too large"},
	        {.argv = {"-smp"}, .vcpus = 1, .ram = 128 * MIB},
	        {.argv = {"-smp", ""}, .vcpus = 1, .ram = 128 * MIB},
	        {.argv = {"-smp", ",,,=,"}, .ram = 128 * MIB, .problem = "not a number"},
	};
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_memory(void **state)
{
	(void)state;
	static const struct row rows[] = {
	        {.argv = {"-m", "512"}, .vcpus = 1, .ram = 512 * MIB, .ram_from = "-m"},
	        {.argv = {"-m", "size=512,slots=4,maxmem=8G"}, .vcpus = 1, .ram = 512 * MIB},
	        {.argv = {"-m", "1.5G"}, .vcpus = 1, .ram = 1536 * MIB},
	        {.argv = {"-m", "1.5"}, .vcpus = 1, .ram = 3 * MIB / 2},
	        {.argv = {"-m", "2097152k"}, .vcpus = 1, .ram = 2048 * MIB},
	        {.argv = {"-m", "134217728b"}, .vcpus = 1, .ram = 128 * MIB},
	        {.argv = {"-m", "1000001b"}, .vcpus = 1, .ram = 1007616}, /* QEMU rounds up to 8 KiB */
	        {.argv = {"-m", "1T"}, .vcpus = 1, .ram = 1048576 * MIB},
	        {.argv = {"-m", "0x100"}, .vcpus = 1, .ram = 256 * MIB},
	        {.argv = {"-m", "256", "-m", "slots=2"}, .vcpus = 1, .ram = 256 * MIB},
	        {.argv = {"-m", "junk"}, .vcpus = 1, .problem = "-m junk: not a number"},
	        {.argv = {"-m", "99999999999999999999999999999999999"}, .vcpus = 1, .problem = "too large"},
	        {.argv = {"-m", "9999999E"}, .vcpus = 1, .problem = "too large"},
	        {.argv = {"-m", "0xffffffffffffffffff"}, .vcpus = 1, .problem = "too large"},
	        {.argv = {"-m", "-1"}, .vcpus = 1, .problem = "not a number"},
	        {.argv = {"-machine", "q35,memory-backend=r", "-object", "memory-backend-ram,id=r,size=1073741824"},
	         .vcpus = 1,
	         .ram = 1024 * MIB,
	         .ram_from = "-object"},
	        {.argv = {"-object", "memory-backend-file,id=r,mem-path=/dev/shm/a,,b,size=2G", "-M",
	                  "memory-backend=r"},
	         .vcpus = 1,
	         .ram = 2048 * MIB},
	        {.argv = {"-m", "1G", "-machine", "memory-backend=r", "-object", "memory-backend-ram,id=r,size=1G"},
	         .vcpus = 1,
	         .ram = 1024 * MIB,
	         .ram_from = "-m"},
	        {.argv = {"-object", "{\"qom-type\":\"memory-backend-memfd\",\"id\":\"n0\",\"size\":268435456}",
	                  "-object", "{\"qom-type\":\"memory-backend-ram\",\"id\":\"n1\",\"size\":268435456}", "-numa",
	                  "node,memdev=n0", "-numa", "node,memdev=n1"},
	         .vcpus = 1,
	         .ram = 512 * MIB},
	        {.argv = {"-numa", "node,mem=256", "-numa", "node,mem=1G"},
	         .vcpus = 1,
	         .ram = 1280 * MIB,
	         .ram_from = "-numa"},
	        {.argv = {"-machine", "memory-backend=none"}, .vcpus = 1, .problem = "size of guest RAM unknown"},
	        {.argv = {"-machine", "memory-backend=r", "-object", "memory-backend-ram,id=r,size=zz"},
	         .vcpus = 1,
	         .problem = "size of guest RAM unknown"},
	        {.argv = {"-object", "{\"qom-type\":"}, .vcpus = 0, .ram = 0, .problem = "malformed JSON"},
	        {.argv = {"-object", "rng-random,id=r,size=5"}, .vcpus = 1, .ram = 128 * MIB},
	};
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_identity(void **state)
{
	(void)state;
	static const struct row rows[] = {
	        {.argv = {"-name", "web"}, .vcpus = 1, .ram = 128 * MIB, .name = "web"},
	        {.argv = {"--name", "guest=web,,1,process=foo,debug-threads=on"},
	         .vcpus = 1,
	         .ram = 128 * MIB,
	         .name = "web,1"},
	        {.argv = {"-name", "web,debug-threads=on"}, .vcpus = 1, .ram = 128 * MIB, .name = "web"},
	        {.argv = {"-name", "debug-threads=on"}, .vcpus = 1, .ram = 128 * MIB},
	        {.argv = {"-name", "a\033[31mb\nc\xff"}, .vcpus = 1, .ram = 128 * MIB, .name = "a?[31mb?c?"},
	        {.argv = {"-name", ""}, .vcpus = 1, .ram = 128 * MIB},
	        {.argv = {"-uuid", "1-2"}, .vcpus = 1, .ram = 128 * MIB, .uuid = "1-2"},
	        {.argv = {"-smbios", "type=1,uuid=3-4"}, .vcpus = 1, .ram = 128 * MIB, .uuid = "3-4"},
	        {.argv = {"-smbios", "type=1,uuid=3-4", "-uuid", "1-2"}, .vcpus = 1, .ram = 128 * MIB, .uuid = "1-2"},
	        {.argv = {"-kernel", "/boot/vmlinuz", "-append", "-smp 9 -m 9G", "-S"},
	         .vcpus = 1,
	         .ram = 128 * MIB,
	         .image = "vmlinuz",
	         .paused = true},
	        {.argv = {"-append", "-smp", "9"}, .vcpus = 1, .ram = 128 * MIB, .image = "9"},
	        {.argv = {"-kernel", "k", "-drive", "if=pflash,file=OVMF.fd", "-drive", "file=a,,b.qcow2,if=virtio"},
	         .vcpus = 1,
	         .ram = 128 * MIB,
	         .image = "a,b.qcow2"},
	        {.argv = {"-blockdev",
	                  "{\"driver\":\"file\",\"filename\":\"/o\",\"node-name\":\"libvirt-pflash0-storage\"}",
	                  "-blockdev",
	                  "{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\",\"filename\":\"/d.qcow2\"}}"},
	         .vcpus = 1,
	         .ram = 128 * MIB,
	         .image = "/d.qcow2"},
	        {.argv = {"-blockdev", "driver=file,node-name=x,filename=/x"},
	         .vcpus = 1,
	         .ram = 128 * MIB,
	         .image = "/x"},
	        {.argv = {"-cdrom", "cd.iso", "-hda", "h.img"}, .vcpus = 1, .ram = 128 * MIB, .image = "h.img"},
	        {.argv = {"-drive", "file=cd.iso,media=cdrom", "-kernel", "k"},
	         .vcpus = 1,
	         .ram = 128 * MIB,
	         .image = "cd.iso"},
	        {.argv = {"-nographic", "disk.img"}, .vcpus = 1, .ram = 128 * MIB, .image = "disk.img"},
	        {.argv = {"-incoming", "defer", "-m", "1G"}, .vcpus = 1, .ram = 1024 * MIB, .paused = true},
	        {.argv = {"-newflag", "-m", "1G"}, .vcpus = 1, .ram = 1024 * MIB},
	        {.argv = {"-new", "value", "-m", "1G"}, .vcpus = 1, .ram = 1024 * MIB},
	};
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_accel(void **state)
{
	(void)state;
	static const struct row rows[] = {
	        {.argv = {"-accel", "kvm"}, .vcpus = 1, .ram = 128 * MIB, .accel = QEMU_ACCEL_KVM},
	        {.argv = {"-enable-kvm"}, .vcpus = 1, .ram = 128 * MIB, .accel = QEMU_ACCEL_KVM},
	        {.argv = {"--enable-kvm"}, .vcpus = 1, .ram = 128 * MIB, .accel = QEMU_ACCEL_KVM},
	        {.argv = {"-accel", "tcg,thread=single"}, .vcpus = 1, .ram = 128 * MIB, .accel = QEMU_ACCEL_TCG},
	        {.argv = {"-accel", "accel=tcg"}, .vcpus = 1, .ram = 128 * MIB, .accel = QEMU_ACCEL_TCG},
	        {.argv = {"-machine", "pc,accel=kvm"}, .vcpus = 1, .ram = 128 * MIB, .accel = QEMU_ACCEL_KVM},
	        {.argv = {"-machine", "accel=kvm:tcg"}, .vcpus = 1, .ram = 128 * MIB, .accel = QEMU_ACCEL_KVM_OR_TCG},
	        {.argv = {"-accel", "kvm", "-accel", "tcg"},
	         .vcpus = 1,
	         .ram = 128 * MIB,
	         .accel = QEMU_ACCEL_KVM_OR_TCG},
	        {.argv = {"-M", "accel=hax:kvm"}, .vcpus = 1, .ram = 128 * MIB, .accel = QEMU_ACCEL_KVM},
	        {.argv = {"-accel", "qtest"},
	         .vcpus = 1,
	         .ram = 128 * MIB,
	         .accel = QEMU_ACCEL_OTHER,
	         .no_guest = true},
	        {.argv = {"-machine", "none,accel=kvm:tcg"},
	         .vcpus = 1,
	         .ram = 128 * MIB,
	         .accel = QEMU_ACCEL_KVM_OR_TCG,
	         .no_guest = true},
	        {.argv = {"-xen-domid", "3"}, .vcpus = 1, .ram = 128 * MIB, .no_guest = true},
	        {.argv = {"--version"}, .vcpus = 1, .ram = 128 * MIB, .no_guest = true},
	        {.argv = {"-help"}, .vcpus = 1, .ram = 128 * MIB, .no_guest = true},
	};
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_readconfig(void **state)
{
	(void)state;
	static const struct row rows[] = {
	        {.argv = {"-S", "-readconfig", "/good"},
	         .vcpus = 4,
	         .ram = 1024 * MIB,
	         .vcpus_from = "-readconfig",
	         .ram_from = "-readconfig",
	         .name = "fromfile",
	         .image = "/img/root,x.img",
	         .accel = QEMU_ACCEL_KVM,
	         .paused = true},
	        {.argv = {"-readconfig", "/good", "-smp", "2", "-name", "later"},
	         .vcpus = 2,
	         .ram = 1024 * MIB,
	         .vcpus_from = "-smp",
	         .name = "later",
	         .image = "/img/root,x.img",
	         .accel = QEMU_ACCEL_KVM},
	        {.argv = {"-readconfig", "/backend"}, .vcpus = 1, .ram = 256 * MIB, .ram_from = "-object"},
	        /* Not readable: what it may have said is unknown, not the default. */
	        {.argv = {"-readconfig", "/denied"}, .problem = "-readconfig /denied: Permission denied"},
	        {.argv = {"-readconfig", "/denied", "-smp", "2"}, .vcpus = 2, .problem = "Permission denied"},
	        {.argv = {"-readconfig", "/denied", "-m", "1G"}, .ram = 1024 * MIB, .problem = "Permission denied"},
	        {.argv = {"-readconfig", "/broken"}, .vcpus = 1, .ram = 2048 * MIB, .problem = "line 3: malformed"},
	};
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_bounded(void **state)
{
	(void)state;
	char *argv[3000], *deep = xcalloc(1, 40001);
	struct process p = {.pid = 1, .argv = argv, .cmdline_cut = true};
	struct qemu_launch l;
	char *name = xcalloc(1, 100001);
	memset(name, 'n', 100000);
	memset(deep, '{', 1);
	for (size_t i = 1; i + 4 < 40000; i += 5)
		memcpy(deep + i, "\"a\":{", 5);
	argv[p.argc++] = xstrdup("qemu-system-x86_64");
	argv[p.argc++] = xstrdup("-name");
	argv[p.argc++] = name;
	argv[p.argc++] = xstrdup("-object");
	argv[p.argc++] = deep;
	while (p.argc + 3 < ARRAY_SIZE(argv)) {
		argv[p.argc++] = xstrdup("-object");
		argv[p.argc++] = xstrdup("memory-backend-ram,id=x,size=1");
	}
	qemu_args_parse(&p, NULL, &l);
	assert_int_equal(strlen(l.config.name), 256);
	assert_int_equal(l.config.vcpus, 0); /* cut: there may have been a -smp */
	assert_int_equal(l.config.ram_bytes, 0);
	assert_non_null(l.config.problem);
	vm_config_release(&l.config);
	free_args(&p);
}

static void test_recognise(void **state)
{
	(void)state;
	static const struct {
		const char *exe, *comm, *argv0, *argv1;
		char stat;
		bool is;
	} rows[] = {
	        {"/usr/bin/qemu-system-x86_64", "qemu-system-x86", "qemu-system-x86_64", "-S", 'S', true},
	        {"/usr/bin/qemu-system-x86_64 (deleted)", "foo", "x", "-S", 'S', true},
	        {"/usr/libexec/qemu-kvm", "qemu-kvm", "/usr/libexec/qemu-kvm", "-S", 'S', true},
	        {"/nix/store/x/.qemu-system-x86_64-wrapped", "q", "q", "-S", 'S', true},
	        {"/usr/bin/bash", "bash", "bash", "qemu-system-x86_64 -m 4", 'S', false},
	        {"/usr/bin/bash", "qemu-system-x86", "qemu-system-x86_64", "-S", 'S', false},
	        {"/usr/bin/vim", "vim", "vim", "qemu-system-x86_64", 'S', false},
	        {"/usr/bin/qemu-img", "qemu-img", "qemu-img", "convert", 'S', false},
	        {"/usr/bin/qemu-nbd", "qemu-nbd", "qemu-nbd", "x", 'S', false},
	        {"/usr/bin/qemu-x86_64-static", "q", "qemu-x86_64-static", "x", 'S', false},
	        {"/usr/bin/qemu-system-", "q", "q", "x", 'S', false},
	        {"/usr/bin/qemu-system-x86_64", "qemu-system-x86", "qemu-system-x86_64", "-S", 'Z', false},
	        {NULL, "qemu-system-x86", "/usr/bin/qemu-system-x86_64", "-S", 'S', true},
	        {NULL, "foo", "/usr/bin/kvm", "-S", 'S', true},
	        {NULL, "qemu-system-x86", "/bin/bash", "/usr/bin/qemu-system-x86_64", 'S', false},
	        {NULL, "kvm", "bash", "-c", 'S', false},
	        {NULL, "kvm-irqfd-clean", NULL, NULL, 'S', false},
	};
	struct tree t;
	struct error err = {0};
	tree_init(&t);
	tree_mkdir(&t, "proc");
	struct rootfs *fs = rootfs_open(t.root, &err);
	assert_non_null(fs);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *argv[3] = {NULL, NULL, NULL};
		struct process p = {.pid = 9, .argv = argv, .stat = {.state = rows[i].stat}};
		struct vm_config c;
		p.exe = rows[i].exe ? xstrdup(rows[i].exe) : NULL;
		(void)snprintf(p.stat.comm, sizeof(p.stat.comm), "%s", rows[i].comm);
		if (rows[i].argv0) {
			argv[p.argc++] = xstrdup(rows[i].argv0);
			argv[p.argc++] = xstrdup(rows[i].argv1);
		}
		bool is = vmm_qemu.recognise(fs, &p, &c);
		if (is != rows[i].is)
			fail_row(i, "%s: %d", rows[i].exe ? rows[i].exe : rows[i].comm, is);
		if (is)
			vm_config_release(&c);
		free(p.exe);
		free_args(&p);
	}
	rootfs_close(fs);
	tree_release(&t);
}

static const char *runtime_of(struct rootfs *fs, const char *accel)
{
	const char *const args[] = {accel ? "-machine" : NULL, accel, NULL};
	char *argv[8];
	struct process p = process_of(args, argv, ARRAY_SIZE(argv));
	struct vm_config c;
	p.pid = 9;
	p.exe = xstrdup("/usr/bin/qemu-system-x86_64");
	assert_true(vmm_qemu.recognise(fs, &p, &c));
	const char *runtime = c.runtime;
	vm_config_release(&c);
	free(p.exe);
	free_args(&p);
	return runtime;
}

/* kvm:tcg is settled by the fds; a file may not lead out of the tree. */
static void test_evidence(void **state)
{
	(void)state;
	struct tree t;
	struct error err = {0};
	tree_init(&t);
	tree_mkdir(&t, "proc/9/fd");
	struct rootfs *fs = rootfs_open(t.root, &err);
	assert_non_null(fs);
	tree_link(&t, "proc/9/fd/3", "/dev/kvm");
	assert_string_equal(runtime_of(fs, "accel=kvm:tcg"), "qemu-tcg");
	assert_string_equal(runtime_of(fs, NULL), "qemu-tcg");
	tree_link(&t, "proc/9/fd/4", "anon_inode:kvm-vm");
	assert_string_equal(runtime_of(fs, "accel=kvm:tcg"), "qemu-kvm");
	assert_string_equal(runtime_of(fs, NULL), "qemu-kvm");
	assert_string_equal(runtime_of(fs, "accel=tcg"), "qemu-tcg");
	rootfs_close(fs);
	tree_release(&t);
}

static void test_config_path(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		unsigned vcpus;
	} rows[] = {{"/run/q.conf", 4}, {"q.conf", 4}, {"/run/../run/q.conf", 0}, {"../run/q.conf", 0},
	            {"/run", 0},        {"/none", 0},  {"/run/fifo", 0}};
	struct tree t;
	struct error err = {0};
	tree_init(&t);
	tree_write(&t, "run/q.conf", config_text);
	tree_link(&t, "proc/9/cwd", "/run");
	cleanup_free char *fifo = tree_path(&t, "run/fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	struct rootfs *fs = rootfs_open(t.root, &err);
	assert_non_null(fs);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const args[] = {"-accel", "tcg", "-readconfig", rows[i].path, NULL};
		char *argv[8];
		struct process p = process_of(args, argv, ARRAY_SIZE(argv));
		struct vm_config c;
		p.pid = 9;
		assert_true(vmm_qemu.recognise(fs, &p, &c));
		if (c.vcpus != rows[i].vcpus || !c.problem != !!rows[i].vcpus)
			fail_row(i, "%s: %u, %s", rows[i].path, c.vcpus, c.problem ? c.problem : "-");
		vm_config_release(&c);
		free_args(&p);
	}
	rootfs_close(fs);
	tree_release(&t);
}

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *comm;
		bool vcpu;
	} comms[] = {{"CPU 0/KVM", true},        {"CPU 100/TCG", true},
	             {"ALL CPUs/TCG", true},     {"CPU /KVM", false},
	             {"CPU 0/KVMx", false},      {"CPU 0", false},
	             {"qemu-system-x86", false}, {"IO io0", false},
	             {"kvm-nx-lpage-re", false}, {"", false}};
	static const struct {
		const char *link;
		enum kvm_fd kind;
	} links[] = {{"anon_inode:kvm-vm", KVM_FD_VM},
	             {"anon_inode:kvm-vcpu", KVM_FD_VCPU},
	             {"anon_inode:kvm-vcpu:0", KVM_FD_VCPU},
	             {"anon_inode:kvm-vcpu:255", KVM_FD_VCPU},
	             {"anon_inode:kvm-vcpu-stats:0", KVM_FD_OTHER},
	             {"anon_inode:kvm-vcpu:", KVM_FD_OTHER},
	             {"anon_inode:kvm-vcpu:1x", KVM_FD_OTHER},
	             {"anon_inode:kvm-vm-stats", KVM_FD_OTHER},
	             {"/dev/kvm", KVM_FD_OTHER}};
	for (size_t i = 0; i < ARRAY_SIZE(comms); i++)
		if (vmm_qemu.is_vcpu_thread(comms[i].comm) != comms[i].vcpu)
			fail_row(i, "%s", comms[i].comm);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (kvm_fd_kind(links[i].link) != links[i].kind)
			fail_row(i, "%s", links[i].link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_smp),       cmocka_unit_test(test_memory),     cmocka_unit_test(test_identity),
	        cmocka_unit_test(test_accel),     cmocka_unit_test(test_readconfig), cmocka_unit_test(test_bounded),
	        cmocka_unit_test(test_recognise), cmocka_unit_test(test_evidence),   cmocka_unit_test(test_config_path),
	        cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
