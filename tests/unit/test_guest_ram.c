/*
 * Which mappings are guest RAM: smaps texts as QEMU 7.2 gave them, cut to the lines that matter, and the traps
 * (code cache, arenas, video RAM, hugetlb, one memfd twice).  Every text is a heap block of exactly its length.
 */
#include "unit.h"
#include "vctop/base/strbuf.h"
#include "vctop/source/vm.h"

#define MIB (UINT64_C(1) << 20)
#define NO_FILE "00:00 0 "

struct map {
	uint64_t start, mib;
	const char *perms, *file;
	unsigned rss_mib, hugetlb_mib, swap_mib;
	const char *flags;
};

#define GUEST "rd wr mr mw me dc ac hg mg "
#define PLAIN "rd wr mr mw me ac "

static void put(struct strbuf *sb, const struct map *m)
{
	strbuf_fmt(sb, "%llx-%llx %s 00000000 %s\n", (unsigned long long)m->start,
	           (unsigned long long)(m->start + m->mib * MIB), m->perms, m->file);
	strbuf_fmt(sb, "Size: %14llu kB\nKernelPageSize:        4 kB\nRss: %15u kB\nPss: 1 kB\n",
	           (unsigned long long)m->mib * 1024, m->rss_mib * 1024);
	strbuf_fmt(sb, "Shared_Hugetlb:        0 kB\nPrivate_Hugetlb: %u kB\nSwap: %u kB\nSwapPss: 0 kB\nVmFlags: %s\n",
	           m->hugetlb_mib * 1024, m->swap_mib * 1024, m->flags);
}

struct row {
	const char *what;
	uint64_t ram_mib;
	struct map maps[8];
	unsigned mappings;
	uint64_t guest, swap, size, other; /* MiB */
};

static const struct row rows[] = {
        {"one, beside video RAM",
         256,
         {{0x555500000000, 19, "rw-p", NO_FILE "[heap]", 5, 0, 0, PLAIN},
          {0x7ff166c00000, 16, "rw-p", NO_FILE, 2, 0, 0, GUEST},
          {0x7ff167e00000, 256, "rw-p", NO_FILE, 120, 0, 3, GUEST}},
         1,
         120,
         3,
         256,
         7},
        {"TCG's code cache is larger than the guest",
         128,
         {{0x7ff100000000, 1024, "rwxp", NO_FILE, 900, 0, 0, PLAIN},
          {0x7ff167e00000, 128, "rw-p", NO_FILE, 20, 0, 0, GUEST}},
         1,
         20,
         0,
         128,
         900},
        {"a code cache of the guest's size",
         1024,
         {{0x7ff100000000, 1024, "rwxp", NO_FILE, 900, 0, 0, PLAIN}},
         0,
         0,
         0,
         0,
         900},
        {"a full arena of the guest's size",
         64,
         {{0x7ff154000000, 64, "rw-p", NO_FILE, 64, 0, 0, PLAIN},
          {0x7ff167e00000, 64, "rw-p", NO_FILE, 20, 0, 0, GUEST}},
         1,
         20,
         0,
         64,
         64},
        {"a full arena alone is none", 64, {{0x7ff154000000, 64, "rw-p", NO_FILE, 64, 0, 0, PLAIN}}, 0, 0, 0, 0, 64},
        {"arena's reserve", 64, {{0x7ff154000000, 64, "---p", NO_FILE, 0, 0, 0, "mr mw me nr "}}, 0, 0, 0, 0, 0},
        {"two NUMA nodes",
         256,
         {{0x7ff100000000, 128, "rw-p", NO_FILE, 100, 0, 0, GUEST},
          {0x7ff120000000, 128, "rw-p", NO_FILE, 20, 0, 1, GUEST},
          {0x7ff140000000, 16, "rw-p", NO_FILE, 9, 0, 0, GUEST}},
         2,
         120,
         1,
         256,
         9},
        {"nodes of different kinds",
         256,
         {{0x7ff100000000, 64, "rw-s", "00:01 24 /memfd:memory-backend-memfd (deleted)", 50, 0, 0, PLAIN},
          {0x7ff120000000, 192, "rw-p", NO_FILE, 20, 0, 0, GUEST},
          {0x7ff140000000, 256, "rw-p", "fe:00 7 /some/data", 9, 0, 0, PLAIN}},
         2,
         70,
         0,
         256,
         9},
        {"memfd",
         256,
         {{0x7ff100000000, 256, "rw-s", "00:01 24 /memfd:memory-backend-memfd (deleted)", 80, 0, 2, "rd wr sh dc "}},
         1,
         80,
         2,
         256,
         0},
        {"one memfd mapped twice counts once",
         256,
         {{0x7ff100000000, 256, "rw-s", "00:01 24 /memfd:memory-backend-memfd (deleted)", 80, 0, 0, "rd wr dc "},
          {0x7ff120000000, 256, "rw-s", "00:01 24 /memfd:memory-backend-memfd (deleted)", 30, 0, 0, "rd wr dc "}},
         1,
         80,
         0,
         256,
         0},
        {"two memfds of one size",
         512,
         {{0x7ff100000000, 256, "rw-s", "00:01 24 /memfd:memory-backend-memfd (deleted)", 80, 0, 0, "rd wr dc "},
          {0x7ff120000000, 256, "rw-s", "00:01 25 /memfd:memory-backend-memfd (deleted)", 30, 0, 0, "rd wr dc "}},
         2,
         110,
         0,
         512,
         0},
        {"hugetlb is not in Rss",
         512,
         {{0x7ff100000000, 512, "rw-s", "00:0f 99 /dev/hugepages/libvirt/qemu/1-a/x (deleted)", 0, 300, 0,
           "rd wr sh dc ht "}},
         1,
         300,
         0,
         512,
         0},
        {"mem-path file",
         512,
         {{0x7ff100000000, 512, "rw-p", "00:2a 5 /dev/shm/qemu_back_mem.pc.ram.Xy (deleted)", 9, 0, 0, PLAIN}},
         1,
         9,
         0,
         512,
         0},
        {"split by madvise",
         256,
         {{0x7ff100000000, 100, "rw-p", NO_FILE, 10, 0, 0, GUEST},
          {0x7ff100000000 + 100 * MIB, 156, "rw-p", NO_FILE, 20, 0, 0, "rd wr mr mw me dc ac hg "}},
         1,
         30,
         0,
         256,
         0},
        {"rounded up to a huge page", 255, {{0x7ff100000000, 256, "rw-p", NO_FILE, 10, 0, 0, GUEST}}, 1, 10, 0, 256, 0},
        {"no dc anywhere, one of the exact size",
         200,
         {{0x7ff100000000, 200, "rw-p", NO_FILE, 10, 0, 0, PLAIN}},
         1,
         10,
         0,
         200,
         0},
        {"no dc anywhere, two of the exact size",
         200,
         {{0x7ff100000000, 200, "rw-p", NO_FILE, 10, 0, 0, PLAIN},
          {0x7ff140000000, 200, "rw-p", NO_FILE, 10, 0, 0, PLAIN}},
         0,
         0,
         0,
         0,
         20},
        {"nothing of the size", 512, {{0x7ff100000000, 256, "rw-p", NO_FILE, 10, 0, 0, GUEST}}, 0, 0, 0, 0, 10},
        {"allocation unknown, name known",
         0,
         {{0x7ff100000000, 256, "rw-s", "00:01 24 /memfd:guest_mem (deleted)", 80, 0, 0, PLAIN},
          {0x7ff120000000, 99, "rw-p", NO_FILE, 7, 0, 0, GUEST}},
         1,
         80,
         0,
         256,
         7},
        {"allocation unknown, nothing known",
         0,
         {{0x7ff120000000, 99, "rw-p", NO_FILE, 7, 0, 0, GUEST}},
         0,
         0,
         0,
         0,
         7},
        {"read-only ROM of the size",
         2,
         {{0x7ff120000000, 2, "r--p", NO_FILE, 2, 0, 0, "rd mr mw me dc "}},
         0,
         0,
         0,
         0,
         2},
        {"empty", 256, {{0, 0, NULL, NULL, 0, 0, 0, NULL}}, 0, 0, 0, 0, 0},
};

static void test_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		cleanup_strbuf struct strbuf sb = STRBUF_INIT;
		struct guest_ram g;
		for (size_t j = 0; j < ARRAY_SIZE(r->maps) && r->maps[j].perms; j++)
			put(&sb, &r->maps[j]);
		cleanup_free char *buf = exact(sb.buf, sb.len);
		guest_ram_parse(buf, sb.len, r->ram_mib * MIB, &g);
		if (g.mappings != r->mappings || g.guest_resident != r->guest * MIB || g.guest_swap != r->swap * MIB ||
		    g.guest_size != r->size * MIB || g.other_resident != r->other * MIB)
			fail_row(i, "%s: %u mappings, guest %llu, swap %llu, size %llu, other %llu", r->what,
			         g.mappings, (unsigned long long)(g.guest_resident / MIB),
			         (unsigned long long)(g.guest_swap / MIB), (unsigned long long)(g.guest_size / MIB),
			         (unsigned long long)(g.other_resident / MIB));
	}
}

/* As the kernel writes it: tabs of blanks, all keys. */
static const char real[] =
        "7f1985c00000-7f1995c00000 rw-p 00000000 00:00 0 \n"
        "Size:             262144 kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n"
        "Rss:               98304 kB\nPss:               98304 kB\nPss_Dirty:         98304 kB\n"
        "Shared_Clean:          0 kB\nShared_Dirty:          0 kB\nPrivate_Clean:         0 kB\n"
        "Private_Dirty:     98304 kB\nReferenced:        98304 kB\nAnonymous:         98304 kB\n"
        "KSM:                   0 kB\nLazyFree:              0 kB\nAnonHugePages:     98304 kB\n"
        "ShmemPmdMapped:        0 kB\nFilePmdMapped:         0 kB\nShared_Hugetlb:        0 kB\n"
        "Private_Hugetlb:       0 kB\nSwap:                  0 kB\nSwapPss:               0 kB\n"
        "Locked:                0 kB\nTHPeligible:           1\nVmFlags: rd wr mr mw me dc ac hg mg \n"
        "7ffc00000000-7ffc00001000 r-xp 00000000 00:00 0                          [vdso]\n"
        "Size:                  4 kB\nRss:                   4 kB\nVmFlags: rd ex mr mw me de \n";

static void test_real(void **state)
{
	(void)state;
	struct guest_ram g;
	guest_ram_parse(real, sizeof(real) - 1, 256 * MIB, &g);
	assert_int_equal(g.mappings, 1);
	assert_int_equal(g.guest_resident, 96 * MIB);
	assert_int_equal(g.other_resident, 4096);
}

/* Cut anywhere, and with hostile lines, it must only not crash: the sums are what was readable. */
static void test_truncated(void **state)
{
	(void)state;
	struct guest_ram g;
	for (size_t n = 0; n < sizeof(real); n++) {
		cleanup_free char *buf = exact(real, n);
		guest_ram_parse(buf, n, 256 * MIB, &g);
		assert_true(g.guest_resident <= 96 * MIB);
	}
	static const char *const hostile[] = {
	        "Rss: 5 kB\n",
	        "ffffffffffffffffffff-0 rw-p 0 00:00 0\nRss: 5 kB\n",
	        "2-1 rw-p 0 00:00 0\nRss: 5 kB\n",
	        "-",
	        "1-",
	        "1-2 ",
	        "1-2 rw",
	        "1-2 rw-p",
	        "1-2 rw-p 0",
	        "1-2 rw-p 0 00:00",
	        "1-2 rw-p 0 00:00 x",
	        "0-fffffffffffff000 rw-p 0 00:00 0 \nRss: 99999999999999999999 kB\nSwap: -1 kB\nVmFlags: dc\n",
	        "1000-2000 rw-p 0 00:00 1 x\nRss: 18446744073709551615 kB\nVmFlags:\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		size_t n = strlen(hostile[i]);
		cleanup_free char *buf = exact(hostile[i], n);
		guest_ram_parse(buf, n, 4096, &g);
		if (g.guest_resident || g.other_resident)
			fail_row(i, "%s: resident out of nothing", hostile[i]);
	}
}

/* More mappings with dc than are kept: the rest counts as other, nothing is lost. */
static void test_many(void **state)
{
	(void)state;
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	struct guest_ram g;
	for (unsigned i = 0; i < 1000; i++) {
		const struct map m = {0x10000000 + i * 4 * MIB, 2, "rw-p", NO_FILE, 1, 0, 0, GUEST};
		put(&sb, &m);
	}
	guest_ram_parse(sb.buf, sb.len, 64 * MIB, &g);
	assert_int_equal(g.mappings, 32);
	assert_int_equal(g.guest_resident, 32 * MIB);
	assert_int_equal(g.other_resident, 968 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_rule),
	        cmocka_unit_test(test_real),
	        cmocka_unit_test(test_truncated),
	        cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
