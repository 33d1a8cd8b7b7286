/* QEMU, docs/interop/qcow2.txt; all numbers big-endian. */
#include "source/storage/qcow2.h"

#include <string.h>

#define V2_HEADER 72U
#define V3_HEADER 104U
#define EXT_END 0x00000000U
#define EXT_BACKING_FORMAT 0xe2792acaU
#define EXT_DATA_FILE 0x44415441U
#define INCOMPAT_DATA_FILE UINT64_C(4)
#define SNAPSHOT_ENTRY 40U
#define MAX_EXACT (UINT64_C(1) << 53)

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

static uint64_t be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static void copy_name(char *dst, size_t size, const uint8_t *src, size_t len)
{
	size_t n = len < size - 1 ? len : size - 1;
	memcpy(dst, src, n);
	dst[n] = '\0';
}

static const char *parse_extensions(const uint8_t *buf, size_t len, size_t at, struct qcow2 *ret)
{
	while (at <= len && len - at >= 8) {
		uint32_t type = be32(buf + at), size = be32(buf + at + 4);
		at += 8;
		if (type == EXT_END)
			return NULL;
		if (size > len - at)
			return "a header extension goes beyond the header";
		if (type == EXT_BACKING_FORMAT)
			copy_name(ret->backing_format, sizeof(ret->backing_format), buf + at, size);
		else if (type == EXT_DATA_FILE)
			copy_name(ret->data_file, sizeof(ret->data_file), buf + at, size);
		at += ((size_t)size + 7) & ~(size_t)7;
	}
	return NULL;
}

static const char *parse_backing(const uint8_t *buf, size_t len, struct qcow2 *ret)
{
	uint64_t at = be64(buf + 8);
	uint32_t size = be32(buf + 16);
	if (!at)
		return NULL;
	if (size > QCOW2_NAME_MAX)
		return "the name of the backing file is too long";
	if (at > len || size > len - at)
		return "the name of the backing file lies outside the header";
	if (memchr(buf + at, '\0', size))
		return "the name of the backing file holds a NUL";
	copy_name(ret->backing, sizeof(ret->backing), buf + at, size);
	return NULL;
}

const char *qcow2_parse(const uint8_t *buf, size_t len, struct qcow2 *ret)
{
	*ret = (struct qcow2){0};
	if (len < V2_HEADER || memcmp(buf, "QFI\xfb", 4) != 0)
		return "no qcow2 header";
	uint32_t version = be32(buf + 4), cluster_bits = be32(buf + 20), header = V2_HEADER;
	if (version != 2 && version != 3)
		return "a version of qcow2 that is not known";
	if (cluster_bits < 9 || cluster_bits > 21)
		return "the cluster size is not one of qcow2";
	if (be64(buf + 24) > MAX_EXACT)
		return "the virtual size is too large to be true";
	if (version == 3) {
		if (len < V3_HEADER)
			return "the header is cut";
		header = be32(buf + 100);
		if (header < V3_HEADER || header > UINT32_C(1) << cluster_bits || header > len)
			return "the length of the header is wrong";
		ret->external_data = be64(buf + 72) & INCOMPAT_DATA_FILE;
	}
	if (be32(buf + 60) > QCOW2_SNAPSHOTS_MAX)
		return "more snapshots than qcow2 allows";
	ret->version = version;
	ret->virtual_bytes = be64(buf + 24);
	ret->snapshots = be32(buf + 60);
	ret->snapshots_offset = be64(buf + 64);
	const char *why = parse_backing(buf, len, ret);
	if (why)
		return why;
	/* The extensions end where the backing name begins. */
	size_t end = ret->backing[0] ? (size_t)be64(buf + 8) : len;
	return header <= end ? parse_extensions(buf, end, header, ret) : NULL;
}

uint32_t qcow2_snapshots(const uint8_t *buf, size_t len, uint32_t count,
                         void (*fn)(void *data, const char *name, size_t len), void *data)
{
	size_t at = 0;
	uint32_t n = 0;
	for (; n < count && at <= len && len - at >= SNAPSHOT_ENTRY; n++) {
		const uint8_t *e = buf + at;
		size_t id = be16(e + 12), name = be16(e + 14), extra = be32(e + 36);
		size_t room = len - at - SNAPSHOT_ENTRY;
		if (extra > room || id > room - extra || name > room - extra - id)
			break;
		fn(data, (const char *)e + SNAPSHOT_ENTRY + extra + id, name);
		at += (SNAPSHOT_ENTRY + extra + id + name + 7) & ~(size_t)7;
	}
	return n;
}

static const struct magic {
	const char *format;
	size_t at, len;
	const char *bytes;
} magics[] = {
        {"qcow2", 0, 4, "QFI\xfb"},         {"vmdk", 0, 4, "KDMV"},
        {"vdi", 64, 4, "\x7f\x10\xda\xbe"}, {"vhdx", 0, 8, "vhdxfile"},
        {"vpc", 0, 8, "conectix"},          {"qed", 0, 4, "QED\0"},
        {"luks", 0, 6, "LUKS\xba\xbe"},     {"parallels", 0, 16, "WithoutFreeSpace"},
};

const char *image_magic(const uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		const struct magic *m = &magics[i];
		if (len >= m->at + m->len && memcmp(buf + m->at, m->bytes, m->len) == 0)
			return m->format;
	}
	return NULL;
}

static uint64_t le64(const uint8_t *p)
{
	uint64_t v = 0;
	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

uint64_t image_size(const char *format, const uint8_t *buf, size_t len)
{
	uint64_t v = 0;
	if (strcmp(format, "vdi") == 0 && len >= 376)
		v = le64(buf + 368);
	else if (strcmp(format, "qed") == 0 && len >= 56)
		v = le64(buf + 48);
	else if (strcmp(format, "vmdk") == 0 && len >= 20 && le64(buf + 12) <= MAX_EXACT / 512)
		v = le64(buf + 12) * 512;
	return v <= MAX_EXACT ? v : 0;
}
