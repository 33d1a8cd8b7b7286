/* Hexadecimal, as /proc/PID/{smaps,syscall,status} and QEMU's command line have it. */
#ifndef VCTOP_SOURCE_HEX_H
#define VCTOP_SOURCE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Reads digits up to the first other character. Returns how many; 0: none, or more than 64 bits. */
static inline size_t hex_digits(const char *s, size_t len, uint64_t *ret)
{
	uint64_t v = 0;
	size_t n = 0;
	for (; n < len; n++) {
		unsigned char c = (unsigned char)s[n], lower = c | 0x20;
		unsigned digit;
		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (lower >= 'a' && lower <= 'f')
			digit = 10U + lower - 'a';
		else
			break;
		if (v >> 60)
			return 0;
		v = v << 4 | digit;
	}
	if (n)
		*ret = v;
	return n;
}

#endif
