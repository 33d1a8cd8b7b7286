/*
 * Recognisers: what a process must look like, and what is made of its command line and files; the files of libvirt
 * and machined; the walk to a file that a command line names.
 */
#include "source/vm/kvm_fds.h"
#include "source/vm/vm_names.h"
#include "source/vmm/args.h"
#include "source/vmm/vmms.h"
#include "source/xml.h"
#include "tree.h"

#define MIB (UINT64_C(1) << 20)
#define ARGS 20

static struct rootfs *open_tree(struct tree *t)
{
	struct error err = {0};
	tree_init(t);
	tree_mkdir(t, "proc");
	struct rootfs *fs = rootfs_open(t->root, &err);
	assert_non_null(fs);
	return fs;
}

static void close_tree(struct tree *t, struct rootfs *fs)
{
	rootfs_close(fs);
	tree_release(t);
}

static struct process process_of(char **argv)
{
	struct process p = {.pid = 7, .argv = argv, .closely = true, .stat = {.ppid = 1, .state = 'S'}};
	while (argv[p.argc])
		p.argc++;
	return p;
}

/* Command lines, split at '|'. */
static void test_command_lines(void **state)
{
	(void)state;
	static const struct {
		const char *exe, *line; /* exe "": not readable */
		const char *runtime;    /* NULL: none of ours */
		unsigned vcpus;
		uint64_t mib;
		const char *name, *image;
	} rows[] = {
	        {"/usr/bin/firecracker", "firecracker|--id=a|--no-api", "firecracker", 0, 0, "a", NULL},
	        {"/usr/bin/firecracker", "firecracker|--id", "firecracker", 0, 0, NULL, NULL},
	        {"/firecracker (deleted)", "/firecracker|--id|b", "firecracker", 0, 0, "b", NULL},
	        {"/nix/.firecracker-wrapped", "x|--id|b", "firecracker", 0, 0, "b", NULL},
	        {"", "firecracker|--id|b", "firecracker", 0, 0, "b", NULL},
	        {"/usr/bin/firecracker", "firecracker|--version", NULL, 0, 0, NULL, NULL},
	        {"/usr/bin/firecrackers", "firecracker", NULL, 0, 0, NULL, NULL},
	        {"/usr/bin/jailer", "jailer|--id|b|--exec-file|/usr/bin/firecracker", NULL, 0, 0, NULL, NULL},
	        {"/bin/bash", "bash|-c|firecracker --id x", NULL, 0, 0, NULL, NULL},
	        {"/usr/bin/cloud-hypervisor", "c|--kernel|/k", "cloud-hypervisor", 1, 512, NULL, "/k"},
	        {"/usr/bin/cloud-hypervisor", "c|--kernel|/k|--cpus|max=8,boot=3|--memory|hotplug_size=4G,size=2G",
	         "cloud-hypervisor", 3, 2048, NULL, "/k"},
	        {"/usr/bin/cloud-hypervisor", "c|--kernel=/k|--cpus=boot=0", "cloud-hypervisor", 0, 512, NULL, "/k"},
	        {"/usr/bin/cloud-hypervisor", "c|--firmware|/f|--disk|path=\"/a,b\",readonly=on", "cloud-hypervisor", 1,
	         512, NULL, "\"/a,b\""},
	        {"/usr/bin/cloud-hypervisor", "c|--api-socket|/run/x/web.sock", "cloud-hypervisor", 0, 0, "web", NULL},
	        {"/usr/bin/cloud-hypervisor", "c|--api-socket|fd=5", "cloud-hypervisor", 0, 0, NULL, NULL},
	        {"/usr/bin/cloud-hypervisor",
	         "c|--kernel|/k|--memory|size=0|--memory-zone|size=1G,id=a|size=1G,id=b|--cpus|boot=2",
	         "cloud-hypervisor", 2, 2048, NULL, "/k"},
	        {"/usr/bin/crosvm", "crosvm|run|-c|2|-m|512|/k", "crosvm", 2, 512, NULL, "/k"},
	        {"/usr/bin/crosvm",
	         "crosvm|run|--cpus=num-cores=4,clusters=[[0,1],[2,3]]|--mem|size=1024|-b|/d.img,ro|/k", "crosvm", 4,
	         1024, NULL, "/d.img"},
	        {"/usr/bin/crosvm", "crosvm|run|/k", "crosvm", 1, 256, NULL, "/k"},
	        {"/usr/bin/crosvm", "crosvm|run|--cfg|f.json|/k", "crosvm", 0, 0, NULL, "/k"},
	        {"/usr/bin/crosvm", "crosvm|stop|/run/s", NULL, 0, 0, NULL, NULL},
	        {"/usr/bin/lkvm", "lkvm|run|-c2|-m1G|-n|x|-k|/k", "kvmtool", 2, 1024, "x", "/k"},
	        {"/usr/bin/lkvm", "lkvm|run|--cpus=2|--mem=300", "kvmtool", 2, 300, "guest-7", NULL},
	        {"/usr/bin/lkvm", "lkvm|run|-c|2", "kvmtool", 2, 320, "guest-7", NULL},
	        {"/usr/bin/lkvm", "lkvm|run|-c|x|-m|x", "kvmtool", 0, 0, "guest-7", NULL},
	        {"/usr/bin/lkvm", "lkvm|stat|-a", NULL, 0, 0, NULL, NULL},
	        {"/opt/vm", "vm|run|fast", NULL, 0, 0, NULL, NULL},
	        {"/opt/vm", "vm|run|-k|/k|-c1|-m64", "kvmtool", 1, 64, "guest-7", "/k"},
	        {"/usr/lib/virtualbox/VBoxHeadless", "V|--comment|w|--startvm|u", "virtualbox", 0, 0, "w", NULL},
	        {"/usr/lib/virtualbox/VirtualBoxVM", "V", NULL, 0, 0, NULL, NULL},
	        {"/usr/lib/vmware/bin/vmware-vmx", "v|-x|/none/Box.vmx", "vmware", 0, 0, "Box", NULL},
	        {"/usr/bin/linux", "linux|mem=64M|umid=u|ubd0=/r,/b", "uml", 1, 64, "u", "/r"},
	        {"/usr/bin/linux", "linux|mem=67108864|initrd=/i", "uml", 1, 64, NULL, "/i"},
	        {"/usr/bin/linux", "linux|help", NULL, 0, 0, NULL, NULL},
	        {"/usr/bin/x", "linux|mem=64M", NULL, 0, 0, NULL, NULL},
	        {"/usr/bin/runsc", "runsc-sandbox|boot|--x|abc", "gvisor", 0, 0, "abc", NULL},
	        {"/memfd:runsc (deleted)", "runsc-sandbox|boot|--x", "gvisor", 0, 0, NULL, NULL},
	        {"/usr/bin/runsc", "runsc-gofer|gofer|abc", NULL, 0, 0, NULL, NULL},
	        {"/usr/bin/python3", "runsc-sandbox|boot|abc", NULL, 0, 0, NULL, NULL},
	        {"/usr/bin/qemu-system-i386", "q|-xen-domid|3|-m|1024", NULL, 0, 0, NULL, NULL},
	        {"/usr/bin/cat", "", NULL, 0, 0, NULL, NULL},
	        {"/usr/bin/firecracker", NULL, NULL, 0, 0, NULL, NULL}, /* no arguments: a zombie, or a kernel thread */
	};
	struct tree t;
	struct rootfs *fs = open_tree(&t);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *argv[ARGS + 1] = {0};
		char *line = xstrdup(rows[i].line ? rows[i].line : "");
		size_t n = 0;
		for (char *s = rows[i].line ? line : NULL; s && n < ARGS;) {
			argv[n++] = s;
			s = strchr(s, '|');
			if (s)
				*s++ = '\0';
		}
		struct process p = process_of(argv);
		char *exe = xstrdup(rows[i].exe);
		p.exe = *exe ? exe : NULL;
		struct vm_config c = {0};
		bool ours = vmm_recognise(fs, &p, &c) != NULL;
		if (ours != (rows[i].runtime != NULL))
			fail_row(i, "%s: recognised %d", rows[i].line ? rows[i].line : "", ours);
		if (ours && strcmp(c.runtime, rows[i].runtime) != 0)
			fail_row(i, "runtime %s", c.runtime);
		if (ours && (c.vcpus != rows[i].vcpus || c.ram_bytes != rows[i].mib * MIB))
			fail_row(i, "%s: %u vCPUs, %llu MiB", rows[i].line, c.vcpus,
			         (unsigned long long)(c.ram_bytes / MIB));
		if (ours &&
		    ((c.name == NULL) != (rows[i].name == NULL) || (c.name && strcmp(c.name, rows[i].name) != 0)))
			fail_row(i, "%s: name %s", rows[i].line, c.name ? c.name : "none");
		if (ours &&
		    ((c.image == NULL) != (rows[i].image == NULL) || (c.image && strcmp(c.image, rows[i].image) != 0)))
			fail_row(i, "%s: image %s", rows[i].line, c.image ? c.image : "none");
		vm_config_release(&c);
		free(exe);
		free(line);
	}
	close_tree(&t, fs);
}

static void test_thread_names(void **state)
{
	(void)state;
	static const struct {
		const struct vmm_ops *vmm;
		const char *comm;
		bool vcpu;
	} rows[] = {
	        {&vmm_firecracker, "fc_vcpu 0", true},
	        {&vmm_firecracker, "fc_vcpu 31", true},
	        {&vmm_firecracker, "fc_vcpu", false},
	        {&vmm_firecracker, "fc_vcpu x", false},
	        {&vmm_firecracker, "fc_vcpu 1x", false},
	        {&vmm_firecracker, "fc_api", false},
	        {&vmm_cloud_hypervisor, "vcpu0", true},
	        {&vmm_cloud_hypervisor, "vcpu", false},
	        {&vmm_cloud_hypervisor, "vmm", false},
	        {&vmm_crosvm, "crosvm_vcpu2", true},
	        {&vmm_crosvm, "crosvm_gpu", false},
	        {&vmm_kvmtool, "kvm-vcpu-0", true},
	        {&vmm_kvmtool, "kvm-ipc", false},
	        {&vmm_virtualbox, "EMT", true},
	        {&vmm_virtualbox, "EMT-1", true},
	        {&vmm_virtualbox, "EMT-", false},
	        {&vmm_vmware, "vmx-vcpu-0", true},
	        {&vmm_vmware, "vmx-svga", false},
	        {&vmm_dragonball, "db_vcpu0", true},
	        {&vmm_kvm, "fc_vcpu 0", true},
	        {&vmm_kvm, "", false},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].vmm->is_vcpu_thread(rows[i].comm) != rows[i].vcpu)
			fail_row(i, "%s", rows[i].comm);
}

static void test_kvmtool_ram(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {{"64", 64 * MIB},   {"64M", 64 * MIB},
	            {"1g", 1024 * MIB}, {"65536k", 64 * MIB},
	            {"1024B", 1024},    {"", 0},
	            {NULL, 0},          {"M", 0},
	            {"1X", 0},          {"1MM", 0},
	            {"-1", 0},          {"1.5G", 0},
	            {"8192P", 0},       {"99999999999999999999", 0}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (kvmtool_ram(rows[i].text) != rows[i].bytes)
			fail_row(i, "%s", rows[i].text ? rows[i].text : "NULL");
}

static void test_suboptions(void **state)
{
	(void)state;
	static const struct {
		const char *text, *key, *value;
	} rows[] = {
	        {"a=1,b=2", "b", "2"},         {"a=1,b=2", "c", NULL},    {"b,a=1", NULL, "b"},
	        {"a=1", NULL, NULL},           {"", NULL, NULL},          {NULL, "a", NULL},
	        {"a=[1,2],b=3", "a", "[1,2]"}, {"a=[1,2],b=3", "b", "3"}, {"a=\"x,b=1\"", "b", NULL},
	        {"ab=1,a=2", "a", "2"},        {"a=", "a", ""},           {",,,", "a", NULL},
	        {"a=[[", "a", "[["},           {"a=]],b=1", "b", "1"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *v = vmm_suboption(rows[i].text, rows[i].key);
		if ((v == NULL) != (rows[i].value == NULL) || (v && strcmp(v, rows[i].value) != 0))
			fail_row(i, "%s", v ? v : "NULL");
		free(v);
	}
}

/* Where a process's file may be reached, and where it is not even looked for. */
static void test_files(void **state)
{
	(void)state;
	static const char mounts[] =
	        "1 0 8:1 / / rw - ext4 /dev/a rw\n"
	        "2 1 0:5 / /run/user/1000/doc rw shared:1 - fuse.portal portal rw\n"
	        "3 1 0:6 / /net rw - nfs4 host:/ rw\n4 1 0:7 / /a\\040b rw - autofs x rw\n"
	        "5 1 0:8 / /over rw - fuse x rw\n6 1 0:9 / /over rw - tmpfs tmpfs rw\n\n1 2 3\n - fuse\n";
	static const struct {
		const char *path;
		ssize_t r;
	} rows[] = {
	        {"/etc/f", 2},
	        {"f", 2}, /* in its working directory */
	        {"/link", 2},
	        {"/etc/rel", 2},
	        {"/none", -ENOENT},
	        {"/etc", -EINVAL},
	        {"/etc/../etc/f", -EINVAL},
	        {"", -EINVAL},
	        {"//etc/./f", 2},
	        {"/loop", -ELOOP},
	        {"/net/f", -EREMOTE},
	        {"/run/user/1000/doc/f", -EREMOTE},
	        {"/run/user/1000/f", 2},
	        {"/a b/f", -EREMOTE},
	        {"/via", -EREMOTE},
	        {"/over/f", 2},
	        {"/big", -EFBIG},
	};
	struct tree t;
	struct rootfs *fs = open_tree(&t);
	struct strbuf sb = STRBUF_INIT;
	static char big[5000];
	memset(big, 'x', sizeof(big));
	tree_write(&t, "proc/7/mountinfo", mounts);
	tree_link(&t, "proc/7/cwd", "/etc");
	static const char *const files[] = {"etc/f",           "net/f", "run/user/1000/doc/f",
	                                    "run/user/1000/f", "a b/f", "over/f"};
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		tree_write(&t, files[i], "ok");
	tree_write_n(&t, "big", big, sizeof(big));
	tree_link(&t, "link", "/etc/f");
	tree_link(&t, "etc/rel", "f");
	tree_link(&t, "loop", "/loop");
	tree_link(&t, "via", "/net/f");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ssize_t r = vmm_read_file(fs, 7, rows[i].path, 4096, &sb);
		if (r != rows[i].r)
			fail_row(i, "%s: %zd", rows[i].path, r);
	}
	/* A root of its own. */
	tree_write(&t, "proc/8/root/vm.json", "jailed");
	assert_int_equal(vmm_read_file(fs, 8, "/vm.json", 4096, &sb), 6);
	assert_int_equal(vmm_read_file(fs, 8, "/etc/f", 4096, &sb), -ENOENT);
	strbuf_release(&sb);
	close_tree(&t, fs);
}

static void test_libvirt(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int r;
		pid_t pid;
		bool paused;
		const char *name;
		uint64_t kib;
		unsigned vcpus;
	} rows[] = {
	        {"", -EINVAL, 0, false, NULL, 0, 0},
	        {"<", -EINVAL, 0, false, NULL, 0, 0},
	        {"\0\0\0", -EINVAL, 0, false, NULL, 0, 0},
	        {"<network><name>n</name></network>", -EINVAL, 0, false, NULL, 0, 0},
	        {"<domain/>", -EINVAL, 0, false, NULL, 0, 0},
	        {"<domain><name>a</name></domain>", 0, 0, false, "a", 0, 0},
	        {"<domain><name> a\n </name><name>b</name><memory>1024</memory></domain>", 0, 0, false, "a", 1024, 0},
	        {"<domain><name>a</name><memory unit='MiB'>2</memory><vcpu>3</vcpu></domain>", 0, 0, false, "a", 2048,
	         3},
	        {"<domain><name>a</name><memory unit='b'>2048</memory><vcpu current='1'>3</vcpu></domain>", 0, 0, false,
	         "a", 2, 1},
	        {"<domain><name>a</name><memory unit='KB'>1024</memory></domain>", 0, 0, false, "a", 1000, 0},
	        {"<domain><name>a</name><memory unit='E'>9999</memory></domain>", 0, 0, false, "a", 0, 0},
	        {"<domain><name>a</name><memory>-1</memory><vcpu>0x2</vcpu></domain>", 0, 0, false, "a", 0, 0},
	        {"<domain><name>a&#27;[2J</name></domain>", -EINVAL, 0, false, NULL, 0, 0},
	        {"<domain><name>a\xe2\x80\xaez</name></domain>", 0, 0, false, "a?z", 0, 0},
	        {"<domstatus state='paused' pid='12'><domain><name>a</name></domain></domstatus>", 0, 12, true, "a", 0,
	         0},
	        {"<domstatus state='running' pid='-5'><domain><name>a</name></domain></domstatus>", 0, 0, false, "a", 0,
	         0},
	        {"<domstatus pid='99999999999'><domain><name>a</name></domain></domstatus>", 0, 0, false, "a", 0, 0},
	        {"<domstatus pid='1'><domain><name>a</name>", -EINVAL, 0, false, NULL, 0, 0},
	        {"<!DOCTYPE d [<!ENTITY x 'boom'>]><domain><name>&x;</name></domain>", -EINVAL, 0, false, NULL, 0, 0},
	        {"<x><domain><name>a</name></domain></x>", -EINVAL, 0, false, NULL, 0, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vm_fact f = {0};
		char *text = exact(rows[i].text, strlen(rows[i].text));
		int r = libvirt_parse(text, strlen(rows[i].text), &f);
		if (r != rows[i].r)
			fail_row(i, "%d", r);
		if (r == 0 &&
		    (f.pid != rows[i].pid || f.paused != rows[i].paused || strcmp(f.name, rows[i].name) != 0 ||
		     f.memory_bytes != rows[i].kib * 1024 || f.vcpus != rows[i].vcpus))
			fail_row(i, "%d %d %s %llu %u", f.pid, f.paused, f.name, (unsigned long long)f.memory_bytes,
			         f.vcpus);
		vm_fact_clear(&f);
		free(text);
	}
	/* Cut anywhere: no crash, no success but at the end. */
	static const char full[] =
	        "<domstatus state='running' pid='12'><vcpus><vcpu id='0' pid='13'/></vcpus><domain type='kvm'>"
	        "<name>a</name><uuid>u</uuid><title>T</title><metadata><nova:instance xmlns:nova='x'>"
	        "<nova:name>N</nova:name></nova:instance></metadata><devices><disk device='disk'>"
	        "<source file='/d'/></disk></devices></domain></domstatus>";
	for (size_t n = 0; n <= sizeof(full) - 1; n++) {
		struct vm_fact f = {0};
		char *text = exact(full, n);
		int r = libvirt_parse(text, n, &f);
		if ((r == 0) != (n == sizeof(full) - 1))
			fail_row(n, "%d", r);
		if (r == 0) {
			assert_true(f.kvm && f.vcpu_tids.n == 1 && f.vcpu_tids.v[0] == 13);
			assert_string_equal(f.instance, "N");
			assert_string_equal(f.title, "T");
			assert_string_equal(f.image, "/d");
		}
		vm_fact_clear(&f);
		free(text);
	}
}

static void test_machined(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int r;
		pid_t pid;
		const char *name;
	} rows[] = {
	        {"# private\nNAME=web\nCLASS=vm\nLEADER=12\n", 0, 12, "web"},
	        {"NAME=\"a b\"\nCLASS=vm\nLEADER=12", 0, 12, "a b"},
	        {"NAME=web\nCLASS=container\nLEADER=12\n", -EINVAL, 0, NULL},
	        {"NAME=web\nCLASS=vmx\nLEADER=12\n", -EINVAL, 0, NULL},
	        {"NAME=\nCLASS=vm\nLEADER=12\n", -EINVAL, 0, NULL},
	        {"NAME=web\nCLASS=vm\nLEADER=-1\n", -EINVAL, 0, NULL},
	        {"NAME=web\nCLASS=vm\nLEADER=99999999999\n", -EINVAL, 0, NULL},
	        {"", -EINVAL, 0, NULL},
	        {"NAME=x\x1b[2J\nCLASS=vm\nLEADER=1", 0, 1, "x?[2J"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vm_fact f = {0};
		char *text = exact(rows[i].text, strlen(rows[i].text));
		int r = machined_parse(text, strlen(rows[i].text), &f);
		if (r != rows[i].r || (r == 0 && (f.pid != rows[i].pid || strcmp(f.name, rows[i].name) != 0)))
			fail_row(i, "%d %s", r, f.name ? f.name : "NULL");
		vm_fact_clear(&f);
		free(text);
	}
}

static void test_scope(void **state)
{
	(void)state;
	static const struct {
		const char *cgroup, *name;
	} rows[] = {
	        {"/machine.slice/machine-qemu\\x2d3\\x2dweb.scope", "web"},
	        {"/machine.slice/machine-qemu\\x2d12\\x2dmy\\x2dweb.scope/libvirt", "my-web"},
	        {"/machine/old.libvirt-qemu/emulator", "old"},
	        {"/machine.slice/machine-lxc\\x2d3\\x2dweb.scope", NULL},
	        {"/machine.slice/machine-qemu\\x2dx\\x2dweb.scope", NULL},
	        {"/machine.slice/machine-qemu\\x2d3.scope", NULL},
	        {"/machine.slice/machine-qemu\\x2d3\\x2d.scope", NULL},
	        {"/machine.slice/machine-qemu\\x2d3\\x2dweb", NULL},
	        {"/machine.slice/machine-qemu\\x2d3\\x2da\\x0ab\\x\\x1.scope", "a?b\\x\\x1"},
	        {"/", NULL},
	        {"", NULL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *name = libvirt_scope_name(rows[i].cgroup);
		if ((name == NULL) != (rows[i].name == NULL) || (name && strcmp(name, rows[i].name) != 0))
			fail_row(i, "%s", name ? name : "NULL");
		free(name);
	}
}

/* Files that come, change, go and outlive their VM. */
static void test_names(void **state)
{
	(void)state;
	struct tree t;
	struct rootfs *fs = open_tree(&t);
	struct vm_names n = {.fs = fs};
	struct rootfs_time now = {.mono_usec = 1, .real_usec = INT64_C(2000000000) * 1000000};
#define TICK() (now.mono_usec += 3000000, vm_names_refresh(&n, now))
	TICK();
	assert_null(vm_names_of(&n, 12, NULL));
	tree_write(&t, "run/libvirt/qemu/a.xml",
	           "<domstatus pid='12'><domain><name>a</name><uuid>u1</uuid></domain></domstatus>");
	tree_write(&t, "run/systemd/machines/qemu-1-a", "NAME=qemu-1-a\nCLASS=vm\nLEADER=12\n");
	tree_write(&t, "run/systemd/machines/alone", "NAME=alone\nCLASS=vm\nLEADER=13\n");
	TICK();
	assert_string_equal(vm_names_of(&n, 12, NULL)->name, "a");
	assert_string_equal(vm_names_of(&n, 12, "u1")->name, "a");
	/* Another VM has the pid by now: its own uuid says so. What machined knows has none. */
	assert_string_equal(vm_names_of(&n, 12, "u2")->name, "qemu-1-a");
	assert_string_equal(vm_names_of(&n, 13, "u9")->name, "alone");
	assert_null(vm_names_of(&n, 0, NULL));
	unsigned generation = n.generation;
	TICK();
	assert_int_equal(n.generation, generation); /* nothing changed: nothing was listed */
	tree_write(&t, "run/libvirt/qemu/a.xml.new",
	           "<domstatus pid='12' state='paused'><domain><name>b</name></domain></domstatus>");
	cleanup_free char *from = tree_path(&t, "run/libvirt/qemu/a.xml.new"),
	                  *to = tree_path(&t, "run/libvirt/qemu/a.xml");
	assert_int_equal(rename(from, to), 0);
	TICK();
	assert_true(n.generation > generation);
	assert_string_equal(vm_names_of(&n, 12, NULL)->name, "b");
	assert_true(vm_names_of(&n, 12, NULL)->paused);
	tree_remove(&t, "run/libvirt/qemu/a.xml");
	TICK();
	assert_string_equal(vm_names_of(&n, 12, NULL)->name, "qemu-1-a");
	vm_names_release(&n);
	close_tree(&t, fs);
}

static void test_pairs_marked(void **state)
{
	(void)state;
#define ID "0123456789abcdef0123456789abcdef"
	static const struct {
		const char *runtime, *name, *api, *arg, *pair;
	} rows[] = {
	        {"qemu-kvm", "sandbox-" ID, NULL, "unix:/run/vc/vm/" ID "/qmp.sock", ID},
	        {"qemu-kvm", "sandbox-" ID, NULL, "nothing of Kata's", NULL},
	        {"qemu-kvm", "web", NULL, "/run/vc/vm/x", NULL},
	        {"qemu-kvm", "sandbox-x/../y", NULL, "/run/vc/", NULL},
	        {"firecracker", "x", "/run/vc/firecracker/" ID "/root/api",
	         "--config-file=/run/vc/firecracker/" ID "/root/c", ID},
	        {"cloud-hypervisor", NULL, "/run/vc/vm/" ID "/clh-api.sock", "", ID},
	        {"cloud-hypervisor", NULL, "/run/vc/vm/short/clh-api.sock", "", NULL},
	        {"crosvm", NULL, "/run/vc/vm/" ID "/x", "", NULL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *argv[] = {xstrdup("x"), xstrdup(rows[i].arg), NULL};
		struct process p = process_of(argv);
		struct vm_config c = {.runtime = rows[i].runtime,
		                      .name = rows[i].name ? xstrdup(rows[i].name) : NULL,
		                      .api_socket = rows[i].api ? xstrdup(rows[i].api) : NULL};
		kata_mark(&p, &c);
		if ((c.pair == NULL) != (rows[i].pair == NULL) || (c.pair && strcmp(c.pair, rows[i].pair) != 0) ||
		    (c.pair && strncmp(c.runtime, "kata-", 5) != 0))
			fail_row(i, "%s %s", c.pair ? c.pair : "NULL", c.runtime);
		vm_config_release(&c);
		free(argv[0]);
		free(argv[1]);
	}
}

/* A process is walked when it is to be looked at closely, and not beyond its bound. */
static void test_kvm_walk(void **state)
{
	(void)state;
	struct tree t;
	struct rootfs *fs = open_tree(&t);
	char *argv[] = {xstrdup("x"), NULL};
	struct process p = process_of(argv);
	struct vm_config c = {0};
	unsigned vms = 0, vcpus = 0;
	p.exe = xstrdup("/usr/bin/x");
	(void)snprintf(p.stat.comm, sizeof(p.stat.comm), "x\x1b");
	assert_null(vmm_recognise(fs, &p, &c)); /* no fds to read */
	tree_link(&t, "proc/7/fd/0", "/dev/null");
	tree_link(&t, "proc/7/fd/3", "/dev/kvm");
	assert_null(vmm_recognise(fs, &p, &c)); /* a probe */
	tree_link(&t, "proc/7/fd/4", "anon_inode:kvm-vm");
	tree_link(&t, "proc/7/fd/5", "anon_inode:kvm-vcpu:0");
	tree_link(&t, "proc/7/fd/6", "anon_inode:kvm-vcpu-stats:0");
	tree_link(&t, "proc/7/fd/7", "anon_inode:kvm-vcpu:7");
	p.closely = false;
	assert_null(vmm_recognise(fs, &p, &c));
	p.closely = true;
	assert_ptr_equal(vmm_recognise(fs, &p, &c), &vmm_kvm);
	assert_true(c.vcpus == 2 && strcmp(c.runtime, "kvm") == 0);
	vm_config_release(&c);
	tree_write(&t, "proc/7/task/8/comm", "fc_vcpu 0\n");
	assert_ptr_equal(vmm_recognise(fs, &p, &c), &vmm_kvm);
	assert_string_equal(c.runtime, "libkrun");
	vm_config_release(&c);
	free(argv[0]);
	argv[0] = xstrdup("runsc-gofer");
	assert_null(vmm_recognise(fs, &p, &c));
	/* Opened without the three standard ones. */
	tree_link(&t, "proc/9/fd/0", "/dev/kvm");
	tree_link(&t, "proc/9/fd/1", "anon_inode:kvm-vm");
	tree_link(&t, "proc/9/fd/2", "anon_inode:kvm-vcpu:0");
	assert_int_equal(kvm_fds_count(fs, 9, &vms, &vcpus), 0);
	assert_int_equal(vms, 1);
	assert_int_equal(kvm_fds_count(fs, 10, &vms, &vcpus), -ENOENT);
	free(argv[0]);
	free(p.exe);
	close_tree(&t, fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_command_lines), cmocka_unit_test(test_thread_names),
	        cmocka_unit_test(test_kvmtool_ram),   cmocka_unit_test(test_suboptions),
	        cmocka_unit_test(test_files),         cmocka_unit_test(test_libvirt),
	        cmocka_unit_test(test_machined),      cmocka_unit_test(test_scope),
	        cmocka_unit_test(test_names),         cmocka_unit_test(test_pairs_marked),
	        cmocka_unit_test(test_kvm_walk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
