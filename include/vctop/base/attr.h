/*
 * Attributes, cleanup helpers and checked allocation.
 *
 * cleanup_* variables are released when they go out of scope; hand ownership over with
 * steal_ptr() / steal_fd().  x* allocators never return NULL: running out of memory ends the
 * program with one line on stderr (the terminal is restored by atexit handlers).
 */
#ifndef VCTOP_BASE_ATTR_H
#define VCTOP_BASE_ATTR_H

#include <dirent.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define ATTR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define ATTR_UNUSED __attribute__((unused))
#define ATTR_NORETURN __attribute__((noreturn))
#define ATTR_NODISCARD __attribute__((warn_unused_result))

#define cleanup(fn) __attribute__((cleanup(fn)))
#define cleanup_free cleanup(attr_freep)
#define cleanup_close cleanup(attr_closep)
#define cleanup_file cleanup(attr_fclosep)
#define cleanup_dir cleanup(attr_closedirp)

void attr_freep(void *p);
void attr_closep(const int *fd);
void attr_fclosep(FILE **f);
void attr_closedirp(DIR **d);

#define steal_ptr(p) ((__typeof__(*(p)))attr_steal(p))
void *attr_steal(void *pp);
int steal_fd(int *fd);

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) ATTR_PRINTF(1, 2);
char *xvasprintf(const char *fmt, va_list ap) ATTR_PRINTF(1, 0);

#endif
