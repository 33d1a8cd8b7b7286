/*
 * Text from outside (names, labels, command lines) made safe for a terminal.
 * text_clean replaces control characters (C0, DEL, C1, bidi overrides, zero-width, invalid UTF-8) by '?';
 * every string of an instance passes through it once, when it is read.
 */
#ifndef VCTOP_BASE_TEXT_H
#define VCTOP_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool text_same(const char *a, const char *b);              /* NULL is like NULL alone */
bool text_ends(const char *s, size_t n, const char *tail); /* the n bytes at s with tail? */
/* Next code point of s (at most n bytes); *ret_used >= 1 when n > 0.  Invalid bytes give U+FFFD. */
uint32_t text_decode(const char *s, size_t n, size_t *ret_used);
/* Columns a code point takes: 0 (combining), 1 or 2. */
int text_cp_width(uint32_t cp);
int text_width(const char *s);
/* Encodes cp into buf (5 bytes with NUL). */
size_t text_encode(uint32_t cp, char buf[5]);
/* Cleans s in place (never grows), cut to max bytes at a code point. Returns s. */
char *text_clean(char *s, size_t max);
/* Fits s into `columns`, ending in "…" (or "~" when ascii) if cut; heap string. */
char *text_ellipsize(const char *s, int columns, int ascii);

#endif
