/*
 * Which mappings of a VMM are its guest's RAM.
 *
 * Not the largest: TCG's code cache is 1 GiB of rwxp, whatever the guest has.  Guest RAM is readable, writable and
 * not executable, and either its name or hugetlbfs says so, or the VMM asked that forks do not copy it (VmFlags dc)
 * and its size is the allocation, or several together make the allocation (one per NUMA node).  Video RAM and ROMs
 * carry dc as well: hence the sizes.  A lone mapping of the exact size will do where nothing carries dc.
 */
#include "vctop/source/vm.h"

#include <string.h>

#include "source/hex.h"
#include "vctop/base/parse.h"

/* NUMA nodes and memory modules: QEMU takes 128 and 256. */
#define CANDIDATES_MAX 384U
#define MIB (UINT64_C(1) << 20)
/* glibc's arenas: 64 MiB at a multiple of 64 MiB, once they are full indistinguishable but for the address. */
#define ARENA (64 * MIB)

struct mapping {
	uint64_t start, end, offset, inode;
	uint64_t resident, swap; /* resident: Rss + hugetlb, which Rss leaves out */
	char dev[16];
	bool rw, exec, named, dontfork, noreserve, tmpfile, twin, chosen;
};

struct scan {
	struct mapping c[CANDIDATES_MAX];
	size_t n;
	struct guest_ram_rules rules;
	uint64_t ram, other;
};

static uint64_t size_of(const struct mapping *m)
{
	return m->end - m->start;
}

static bool take_hex(const char **s, const char *end, uint64_t *ret)
{
	size_t n = hex_digits(*s, (size_t)(end - *s), ret);
	*s += n;
	return n > 0;
}

static bool has(const char *s, size_t n, const char *what)
{
	return memmem(s, n, what, strlen(what)) != NULL;
}

/* Names only guest RAM has: QEMU, Firecracker, Cloud Hypervisor, crosvm; QEMU's -mem-path in a directory. */
static bool is_ram_name(const char *name, size_t n)
{
	return has(name, n, "/memfd:memory-backend-memfd") || has(name, n, "/memfd:guest_mem") ||
	       has(name, n, "/memfd:ch_ram") || has(name, n, "/memfd:crosvm_guest") || has(name, n, "/qemu_back_mem.");
}

/* "/dev/shm/vm_file-AbCdEf (deleted)", or by O_TMPFILE "/dev/shm/#13 (deleted)". */
static bool is_unlinked_file(const char *name, size_t n)
{
	return has(name, n, " (deleted)") && (has(name, n, "/vm_file-") || has(name, n, "/#"));
}

/* "7ff1-7ff2 rw-p 00000000 00:01 24   /memfd:... (deleted)" */
static bool parse_header(const char *line, size_t len, struct mapping *m)
{
	const char *s = line, *end = line + len, *w;
	size_t n;
	*m = (struct mapping){0};
	if (!take_hex(&s, end, &m->start) || s == end || *s++ != '-' || !take_hex(&s, end, &m->end) || s == end ||
	    *s++ != ' ' || end - s < 5 || m->end <= m->start)
		return false;
	m->rw = s[0] == 'r' && s[1] == 'w';
	m->exec = s[2] == 'x';
	s += 5;
	if (!take_hex(&s, end, &m->offset))
		return false;
	if (!parse_word(s, (size_t)(end - s), 0, &w, &n))
		return false;
	memcpy(m->dev, w, n < sizeof(m->dev) - 1 ? n : sizeof(m->dev) - 1);
	s = w + n;
	if (!parse_word(s, (size_t)(end - s), 0, &w, &n) || parse_u64(w, n, &m->inode) < 0)
		return false;
	m->named = is_ram_name(w + n, (size_t)(end - w) - n);
	m->tmpfile = m->inode && is_unlinked_file(w + n, (size_t)(end - w) - n);
	return true;
}

static uint64_t kilobytes(const char *s, size_t n)
{
	const char *w;
	size_t wn;
	uint64_t kb;
	if (!parse_word(s, n, 0, &w, &wn) || parse_u64(w, wn, &kb) < 0 || kb > UINT64_MAX >> 12)
		return 0;
	return kb * 1024;
}

static bool key_is(const char *line, size_t n, const char *key, size_t key_n)
{
	return n > key_n && memcmp(line, key, key_n) == 0;
}

static bool flagged(const char *s, size_t n, const char *flag)
{
	for (size_t i = 0; i + 3 <= n; i++)
		if (s[i] == ' ' && s[i + 1] == flag[0] && s[i + 2] == flag[1] && (i + 3 == n || s[i + 3] == ' '))
			return true;
	return false;
}

#define KEY(name) key_is(line, n, name ":", sizeof(name))
#define REST(name) line + sizeof(name), n - sizeof(name)
static void parse_key(const char *line, size_t n, struct mapping *m)
{
	if (KEY("Rss"))
		m->resident += kilobytes(REST("Rss"));
	else if (KEY("Swap"))
		m->swap = kilobytes(REST("Swap"));
	else if (KEY("Shared_Hugetlb"))
		m->resident += kilobytes(REST("Shared_Hugetlb"));
	else if (KEY("Private_Hugetlb"))
		m->resident += kilobytes(REST("Private_Hugetlb"));
	else if (KEY("VmFlags")) {
		m->dontfork = flagged(REST("VmFlags"), "dc");
		m->noreserve = flagged(REST("VmFlags"), "nr");
		m->named |= flagged(REST("VmFlags"), "ht");
	}
}
#undef KEY
#undef REST

/* madvise and mbind split one mapping into neighbours that go on where the last one ended. */
static bool continues(const struct mapping *a, const struct mapping *b)
{
	return a->end == b->start && a->dontfork == b->dontfork && a->noreserve == b->noreserve &&
	       a->named == b->named && a->inode == b->inode && strcmp(a->dev, b->dev) == 0 &&
	       (!a->inode || a->offset + size_of(a) == b->offset);
}

/* glibc's heaps are mapped without reserve too, and always lie within one ARENA. */
static bool is_heap(const struct mapping *m)
{
	return !m->inode && m->start / ARENA == (m->end - 1) / ARENA && size_of(m) < ARENA;
}

static bool is_marked(const struct scan *s, const struct mapping *m)
{
	return m->dontfork || (s->rules.noreserve && m->noreserve && !is_heap(m));
}

static void add_mapping(struct scan *s, struct mapping *m)
{
	m->named = (m->named && !m->exec) || (s->rules.tmpfile && m->tmpfile);
	bool candidate = m->rw && (!m->exec || m->named) && (m->named || is_marked(s, m) || size_of(m) == s->ram);
	struct mapping *last = s->n ? &s->c[s->n - 1] : NULL;
	if (candidate && last && continues(last, m)) {
		last->end = m->end;
		last->resident += m->resident;
		last->swap += m->swap;
	} else if (candidate && s->n < CANDIDATES_MAX) {
		s->c[s->n++] = *m;
	} else {
		s->other += m->resident;
	}
}

static void scan_smaps(struct scan *s, const char *buf, size_t len)
{
	const char *cursor = buf, *line;
	struct mapping now = {0}, next;
	size_t n;
	while (parse_line(&cursor, buf + len, &line, &n)) {
		if (n && (*line < 'A' || *line > 'Z') && parse_header(line, n, &next)) {
			if (now.end)
				add_mapping(s, &now);
			now = next;
		} else if (now.end) {
			parse_key(line, n, &now);
		}
	}
	if (now.end)
		add_mapping(s, &now);
}

/* The same pages of one file mapped twice: the fuller view counts, the other is nobody's. */
static void mark_twins(struct scan *s)
{
	for (size_t i = 0; i < s->n; i++) {
		for (size_t j = i + 1; j < s->n; j++) {
			struct mapping *a = &s->c[i], *b = &s->c[j];
			if (!a->inode || a->inode != b->inode || strcmp(a->dev, b->dev) != 0 || a->twin || b->twin ||
			    a->offset + size_of(a) <= b->offset || b->offset + size_of(b) <= a->offset)
				continue;
			(a->resident < b->resident ? a : b)->twin = true;
		}
	}
}

static uint64_t choose_named(struct scan *s)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < s->n; i++) {
		struct mapping *m = &s->c[i];
		m->chosen = m->named && !m->twin;
		sum += m->chosen ? size_of(m) : 0;
	}
	return sum;
}

static void unchoose(struct scan *s)
{
	for (size_t i = 0; i < s->n; i++)
		s->c[i].chosen = false;
}

/* The largest free mapping with dc of at most `most` bytes. */
static struct mapping *largest(struct scan *s, uint64_t most)
{
	struct mapping *best = NULL;
	for (size_t i = 0; i < s->n; i++) {
		struct mapping *m = &s->c[i];
		if (is_marked(s, m) && !m->chosen && !m->twin && size_of(m) <= most && size_of(m) >= MIB &&
		    (!best || size_of(m) > size_of(best)))
			best = m;
	}
	return best;
}

/* Pieces that together are exactly `bytes`; or one that is it, rounded up to a huge page. */
static bool choose_pieces(struct scan *s, uint64_t bytes)
{
	struct mapping *m = largest(s, bytes + 2 * MIB - 1);
	if (m && size_of(m) > bytes) {
		struct mapping *exact = largest(s, bytes);
		if (!exact || size_of(exact) < bytes) {
			m->chosen = true;
			return true;
		}
	}
	while (bytes && (m = largest(s, bytes)) != NULL) {
		m->chosen = true;
		bytes -= size_of(m);
	}
	return bytes == 0;
}

static bool choose_lone(struct scan *s)
{
	struct mapping *only = NULL;
	for (size_t i = 0; i < s->n; i++) {
		struct mapping *m = &s->c[i];
		if (size_of(m) != s->ram || m->twin || (s->ram == ARENA && !m->inode && m->start % ARENA == 0))
			continue;
		if (only)
			return false;
		only = m;
	}
	if (only)
		only->chosen = true;
	return only != NULL;
}

/* The allocation is not known: whatever carries the mark of the VMM and is whole megabytes. */
static void choose_marked(struct scan *s)
{
	for (size_t i = 0; i < s->n; i++)
		s->c[i].chosen = s->rules.noreserve && s->c[i].noreserve && is_marked(s, &s->c[i]) && !s->c[i].twin &&
		                 size_of(&s->c[i]) % MIB == 0;
}

static void choose(struct scan *s)
{
	uint64_t named = choose_named(s);
	if (named && (named >= s->ram || s->rules.tmpfile))
		return;
	if (!s->ram && !named)
		choose_marked(s);
	if (!s->ram || (named && choose_pieces(s, s->ram - named)))
		return;
	unchoose(s);
	if (choose_pieces(s, s->ram))
		return;
	unchoose(s);
	(void)choose_lone(s);
}

void guest_ram_parse(const char *buf, size_t len, uint64_t ram_bytes, struct guest_ram *ret)
{
	const struct guest_ram_rules rules = {.bytes = ram_bytes};
	guest_ram_find(buf, len, &rules, ret);
}

void guest_ram_find(const char *buf, size_t len, const struct guest_ram_rules *rules, struct guest_ram *ret)
{
	struct scan s;
	s.n = 0;
	s.rules = *rules;
	s.ram = rules->bytes;
	s.other = 0;
	scan_smaps(&s, buf, len);
	mark_twins(&s);
	choose(&s);
	*ret = (struct guest_ram){.other_resident = s.other};
	for (size_t i = 0; i < s.n; i++) {
		const struct mapping *m = &s.c[i];
		if (m->chosen) {
			ret->guest_resident += m->resident;
			ret->guest_swap += m->swap;
			ret->guest_size += size_of(m);
			ret->mappings++;
		} else if (!m->twin) {
			ret->other_resident += m->resident;
		}
	}
}
