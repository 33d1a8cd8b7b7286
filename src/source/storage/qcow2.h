/*
 * The header and the snapshot table of a qcow2 image.  Pure: bytes in, facts out.  A guest that owns a raw disk, or
 * anyone who hands out images, decides what is in them: every offset and length is checked against what was read.
 */
#ifndef STORAGE_QCOW2_H
#define STORAGE_QCOW2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QCOW2_NAME_MAX 1023U
/* What of the file's begin is enough: the header, its extensions and the backing name lie in the first cluster. */
#define QCOW2_HEAD_MAX 65536U
#define QCOW2_SNAPSHOTS_MAX 65536U /* as QEMU allows */

struct qcow2 {
	unsigned version; /* 2 or 3 */
	uint64_t virtual_bytes;
	uint32_t snapshots; /* of the table at snapshots_offset */
	uint64_t snapshots_offset;
	bool external_data; /* the data is in another file */
	/* Raw names, NUL-terminated; "" none. */
	char backing[QCOW2_NAME_MAX + 1];
	char backing_format[64];
	char data_file[QCOW2_NAME_MAX + 1];
};

/* NULL, or in a few words why this is no sound qcow2 header. *ret is filled as far as it was sound. */
const char *qcow2_parse(const uint8_t *buf, size_t len, struct qcow2 *ret);
/* Calls fn with the raw name of each snapshot in the table; returns how many entries were whole. */
uint32_t qcow2_snapshots(const uint8_t *buf, size_t len, uint32_t count,
                         void (*fn)(void *data, const char *name, size_t len), void *data);

/* What an image begins with: "qcow2", "vmdk", ...; NULL: nothing known, so raw. */
const char *image_magic(const uint8_t *buf, size_t len);
/* The virtual size of those other formats whose header tells it; 0 unknown. */
uint64_t image_size(const char *format, const uint8_t *buf, size_t len);

#endif
