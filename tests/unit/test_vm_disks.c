/* Disks of a VM in a captured tree: what its command line says, what it has open, what headers claim. */
#include "qcow2.h"
#include "source/storage/storage.h"
#include "source/storage/vm_disks.h"
#include "tree.h"

struct fixture {
	struct tree t;
	struct rootfs *fs;
	struct facts_table facts;
	struct storage *s;
	struct arena arena;
	int64_t now;
	unsigned fd;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	tree_init(&f->t);
	tree_write(&f->t, "proc/7/stat",
	           "7 (qemu-system-x86) S 1 7 7 0 -1 0 0 0 0 0 5 5 0 0 20 0 3 0 100 0 50 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 "
	           "0 0\n");
	tree_write(&f->t, "proc/7/comm", "qemu-system-x86\n");
	tree_link(&f->t, "proc/7/exe", "/usr/bin/qemu-system-x86_64");
	tree_link(&f->t, "proc/7/cwd", "/vm");
	tree_mkdir(&f->t, "proc/7/fd");
	f->fs = rootfs_open(f->t.root, NULL);
	assert_non_null(f->fs);
	facts_table_init(&f->facts, f->fs, NULL);
	f->s = storage_new(f->fs);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	storage_free(f->s);
	facts_table_release(&f->facts);
	arena_release(&f->arena);
	rootfs_close(f->fs);
	tree_release(&f->t);
	free(f);
	return 0;
}

/* Arguments apart by '|'. */
static void command_line(struct fixture *f, const char *args)
{
	cleanup_free char *text = xstrdup(args);
	for (char *p = text; *p; p++)
		*p = *p == '|' ? '\0' : *p;
	tree_write_n(&f->t, "proc/7/cmdline", text, strlen(args) + 1);
}

static void open_file(struct fixture *f, const char *path)
{
	char link[64];
	(void)snprintf(link, sizeof(link), "proc/7/fd/%u", 10 + f->fd++);
	tree_link(&f->t, link, path);
}

static void add_qcow2(struct fixture *f, const char *name, uint64_t size, const char *backing, const char *format,
                      const char *data)
{
	uint8_t b[IMAGE_ROOM];
	cleanup_free char *path = xasprintf("/vm/%s", name);
	make_qcow2(b, size, backing, format, data);
	tree_write_n(&f->t, path + 1, b, sizeof(b));
	open_file(f, path);
}

static void add_file(struct fixture *f, const char *name, const char *text)
{
	cleanup_free char *path = xasprintf("/vm/%s", name);
	tree_write(&f->t, path + 1, text);
	open_file(f, path);
}

static struct disk measure(struct fixture *f)
{
	struct disk d = {0};
	f->now += STORAGE_USEC;
	storage_refresh(f->s, &f->facts, f->now);
	arena_clear(&f->arena);
	storage_vm(f->s, 7, &f->arena, &d);
	return d;
}

static double blocks(const struct fixture *f, const char *name)
{
	struct stat st;
	cleanup_free char *path = xasprintf("vm/%s", name);
	assert_int_equal(rootfs_stat(f->fs, path, &st), 0);
	return (double)st.st_blocks * 512;
}

#define same(metric, value)                                                                                            \
	do {                                                                                                           \
		if (!metric_is_ok(metric))                                                                             \
			print_error("%s\n", (metric).why);                                                             \
		assert_true(metric_is_ok(metric));                                                                     \
		assert_true(near((metric).v, value));                                                                  \
	} while (0)

static void missing(struct metric m, const char *why)
{
	assert_int_equal(m.st, METRIC_ABSENT);
	assert_non_null(m.why);
	if (!strstr(m.why, why)) {
		print_error("'%s', expected '%s'\n", m.why, why);
		fail();
	}
	for (const char *p = m.why; *p; p++)
		assert_true((unsigned char)*p >= ' ');
}

static void test_chain(void **state)
{
	struct fixture *f = *state;
	command_line(f, "qemu-system-x86_64|-drive|file=top.qcow2,if=virtio|-hdb|/vm/raw.img|-cdrom|cd.iso");
	add_qcow2(f, "top.qcow2", 3 << 20, "/vm/mid.qcow2", "qcow2", NULL);
	add_qcow2(f, "mid.qcow2", 2 << 20, "base.img", "raw", NULL);
	/* Raw says its child: what it begins with is only a guest's bytes. */
	add_qcow2(f, "base.img", UINT64_C(1) << 50, "/etc/shadow", NULL, NULL);
	add_file(f, "raw.img", "x");
	add_file(f, "cd.iso", "an iso");
	add_file(f, "log", "no disk at all");
	open_file(f, "/vm/top.qcow2"); /* the same file again */
	open_file(f, "anon_inode:[eventfd]");
	open_file(f, "pipe:[1]");
	open_file(f, "/dev/null");
	struct disk d = measure(f);
	same(d.virtual_bytes, (3 << 20) + 512);
	same(d.allocated_bytes,
	     blocks(f, "top.qcow2") + blocks(f, "mid.qcow2") + blocks(f, "base.img") + blocks(f, "raw.img"));
	same(d.chain, 3);
	same(d.snapshots, 0);
	assert_non_null(strstr(d.driver, "qcow2"));
	assert_non_null(strstr(d.driver, "raw"));
	assert_non_null(strstr(d.detail, "/vm/top.qcow2"));
	assert_null(strstr(d.detail, "iso"));
	assert_int_equal(d.image_bytes.st, METRIC_ABSENT);
}

static void test_snapshots(void **state)
{
	struct fixture *f = *state;
	uint8_t b[IMAGE_ROOM];
	make_qcow2(b, 1 << 20, NULL, NULL, NULL);
	size_t n = make_snapshot(b + 1024, "1", "a\x1b[31m");
	n += make_snapshot(b + 1024 + n, "2", "before update");
	be(b + 60, 2, 4);
	be(b + 64, 1024, 8);
	command_line(f, "qemu-system-x86_64|-hda|a.qcow2");
	tree_write_n(&f->t, "vm/a.qcow2", b, sizeof(b));
	open_file(f, "/vm/a.qcow2");
	struct disk d = measure(f);
	same(d.snapshots, 2);
	assert_string_equal(d.detail, "/vm/a.qcow2 (snapshots: a?[31m, before update)");
	/* A table that is not there. */
	be(b + 64, UINT64_MAX - 100, 8);
	tree_write_n(&f->t, "vm/a.qcow2", b, sizeof(b) - 1);
	d = measure(f);
	same(d.virtual_bytes, 1 << 20);
	missing(d.snapshots, "snapshot table is not whole");
	missing(d.allocated_bytes, "snapshot table is not whole");
}

static void test_hostile_backing(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *backing, *why;
	} rows[] = {
	        {"/vm/fifo", "is not open in the VMM"},
	        {"../../etc/shadow", "is not open in the VMM"},
	        {"gone", "is not open in the VMM"},
	        {"\x1b]0;title\x07 \xff\xe2\x80\xae", "is not open in the VMM"},
	        {"nbd://host/x", "nbd://host/x is no file here"},
	        {"json:{\"driver\":\"rbd\"}", "is no file here"},
	        {"top.qcow2", "is a loop"},
	        {"/vm/top.qcow2", "is a loop"},
	};
	command_line(f, "qemu-system-x86_64|-drive|file=top.qcow2");
	add_qcow2(f, "top.qcow2", 1 << 20, NULL, NULL, NULL);
	cleanup_free char *fifo = tree_path(&f->t, "vm/fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	open_file(f, "/vm/fifo");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t b[IMAGE_ROOM];
		make_qcow2(b, 1 << 20, rows[i].backing, NULL, NULL);
		tree_write_n(&f->t, "vm/top.qcow2", b, sizeof(b) - i);
		struct disk d = measure(f);
		same(d.virtual_bytes, 1 << 20);
		missing(d.allocated_bytes, rows[i].why);
		missing(d.chain, rows[i].why);
	}
}

static void test_loop_of_two(void **state)
{
	struct fixture *f = *state;
	command_line(f, "qemu-system-x86_64|-hda|a|-hdb|b");
	add_qcow2(f, "a", 1 << 20, "b", NULL, NULL);
	add_qcow2(f, "b", 1 << 20, "a", NULL, NULL);
	missing(measure(f).chain, "is a loop");
}

static void test_long_chain(void **state)
{
	struct fixture *f = *state;
	command_line(f, "qemu-system-x86_64|-hda|0");
	for (unsigned i = 0; i < 40; i++) {
		char name[8], next[8];
		(void)snprintf(name, sizeof(name), "%u", i);
		(void)snprintf(next, sizeof(next), "%u", i + 1);
		add_qcow2(f, name, 1 << 20, i < 39 ? next : NULL, NULL, NULL);
	}
	struct disk d = measure(f);
	missing(d.chain, "longer than 32");
}

static void test_bad_header(void **state)
{
	struct fixture *f = *state;
	uint8_t b[IMAGE_ROOM];
	make_qcow2(b, 1 << 20, NULL, NULL, NULL);
	be(b + 100, UINT32_MAX, 4);
	command_line(f, "qemu-system-x86_64|-hda|a");
	tree_write_n(&f->t, "vm/a", b, sizeof(b));
	open_file(f, "/vm/a");
	struct disk d = measure(f);
	missing(d.virtual_bytes, "/vm/a: the length of the header is wrong");
	missing(d.chain, "/vm/a: the length of the header is wrong");
}

/* The owner of a raw disk writes a header into it: the format that was given binds. */
static void test_forged_raw(void **state)
{
	struct fixture *f = *state;
	static const char *const lines[] = {
	        "qemu-system-x86_64|-drive|file=/vm/a,format=raw",
	        "qemu-system-x86_64|-blockdev|driver=file,node-name=p,filename=a|-blockdev|{\"driver\":\"raw\",\"node-"
	        "name\":\"f\","
	        "\"file\":\"p\"}",
	        "qemu-system-x86_64|-blockdev|{\"driver\":\"raw\",\"node-name\":\"f\",\"file\":{\"driver\":\"file\","
	        "\"filename\":"
	        "\"/vm/a\"}}",
	        "qemu-system-x86_64|-blockdev|driver=file,node-name=p,filename=a",
	};
	add_qcow2(f, "a", UINT64_C(1) << 50, "/vm/b", NULL, NULL);
	add_qcow2(f, "b", UINT64_C(1) << 50, NULL, NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		cleanup_free char *both = xasprintf("%s|-drive|file=b,format=raw", lines[i]);
		command_line(f, both);
		struct disk d = measure(f);
		same(d.virtual_bytes, 2 * IMAGE_ROOM);
		same(d.chain, 1);
		assert_string_equal(d.driver, "raw");
	}
}

static void test_external_data(void **state)
{
	struct fixture *f = *state;
	command_line(f, "qemu-system-x86_64|-drive|file=a.qcow2,format=qcow2");
	add_qcow2(f, "a.qcow2", 1 << 20, NULL, NULL, "a.raw");
	add_qcow2(f, "a.raw", UINT64_C(1) << 50, "nothing", NULL, NULL);
	struct disk d = measure(f);
	same(d.virtual_bytes, 1 << 20);
	same(d.allocated_bytes, blocks(f, "a.qcow2") + blocks(f, "a.raw"));
	same(d.chain, 1);
}

static void test_remote(void **state)
{
	struct fixture *f = *state;
	command_line(f, "qemu-system-x86_64|-drive|file=rbd:pool/x\x1b,format=raw|-hda|a");
	add_file(f, "a", "disk");
	struct disk d = measure(f);
	missing(d.virtual_bytes, "rbd:pool/x? is no file here");
	missing(d.allocated_bytes, "is no file here");
}

/* A file system that may hang is not touched, not even with stat. */
static void test_network_file_system(void **state)
{
	struct fixture *f = *state;
	command_line(f, "qemu-system-x86_64|-hda|/nfs/a.qcow2");
	tree_write(&f->t, "proc/7/mountinfo", "77 1 0:50 / /nfs rw - nfs4 srv:/ rw\n");
	tree_write(&f->t, "proc/7/fdinfo/10", "pos:\t0\nflags:\t02100002\nmnt_id:\t77\n");
	open_file(f, "/nfs/a.qcow2");
	struct disk d = measure(f);
	missing(d.virtual_bytes, "could block");
	missing(d.allocated_bytes, "could block");
}

static void test_hot_plugged(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char locks[256];
	command_line(f, "qemu-system-x86_64");
	missing(measure(f).virtual_bytes, "no disk image open");
	add_file(f, "plugged.img", "disk");
	add_file(f, "pidfile", "7\n");
	missing(measure(f).virtual_bytes, "no disk image open");
	assert_int_equal(rootfs_stat(f->fs, "vm/plugged.img", &st), 0);
	(void)snprintf(locks, sizeof(locks), "1: OFDLCK ADVISORY  READ -1 %02x:%02x:%lu 100 101\n",
	               (unsigned)(st.st_dev >> 8 & 0xfff), (unsigned)(st.st_dev & 0xff), (unsigned long)st.st_ino);
	tree_write(&f->t, "proc/locks", locks);
	same(measure(f).virtual_bytes, 512);
	add_qcow2(f, "plugged.qcow2", 1 << 20, NULL, NULL, NULL);
	same(measure(f).virtual_bytes, (1 << 20) + 512);
}

/* -snapshot: the temporary overlay names nothing; in a captured tree it cannot be read either. */
static void test_snapshot_overlay(void **state)
{
	struct fixture *f = *state;
	uint8_t b[IMAGE_ROOM];
	struct vm_files files = {.pid = 7};
	struct disk d = {0};
	make_qcow2(b, 1 << 20, NULL, NULL, NULL);
	struct vm_file over = {.path = xstrdup("/var/tmp/vl.AbCdEf"), .deleted = true, .disk = true};
	struct vm_file base = {.path = xstrdup("/vm/a"), .disk = true, .sized = true, .virtual_bytes = 1 << 20};
	over.qcow = xcalloc(1, sizeof(*over.qcow));
	assert_null(qcow2_parse(b, sizeof(b), over.qcow));
	over.sized = true;
	over.virtual_bytes = over.qcow->virtual_bytes;
	over.format = "qcow2";
	base.format = "raw";
	vec_push(&files.v, base);
	vec_push(&files.v, over);
	vm_disks_sum(f->fs, &files, &f->arena, &d);
	same(d.virtual_bytes, 1 << 20);
	same(d.chain, 2);
	vm_files_release(&files);
}

static void test_denied(void **state)
{
	struct fixture *f = *state;
	struct disk d = {0};
	storage_vm(f->s, 8, &f->arena, &d); /* no such process */
	assert_int_equal(d.virtual_bytes.st, METRIC_ABSENT);
	command_line(f, "qemu-system-x86_64|-hda|a");
	cleanup_free char *fd = tree_path(&f->t, "proc/7/fd");
	assert_int_equal(rmdir(fd), 0);
	assert_int_equal(measure(f).virtual_bytes.st, METRIC_ABSENT);
}

static void test_other_vmms(void **state)
{
	struct fixture *f = *state;
	tree_remove(&f->t, "proc/7/exe");
	add_qcow2(f, "a", 1 << 20, NULL, NULL, NULL);
	command_line(f, "cloud-hypervisor|--disk|path=/vm/a,readonly=on|--cpus|boot=1");
	same(measure(f).virtual_bytes, 1 << 20);
	command_line(f, "/usr/bin/firecracker|--id=x"); /* knows raw only */
	same(measure(f).virtual_bytes, IMAGE_ROOM);
	command_line(f, "/usr/bin/crosvm|run|--block|/vm/a,ro");
	same(measure(f).virtual_bytes, 1 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_chain, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_snapshots, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_hostile_backing, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_loop_of_two, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_long_chain, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_bad_header, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_forged_raw, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_external_data, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_remote, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_network_file_system, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_hot_plugged, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_snapshot_overlay, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_denied, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_other_vmms, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
