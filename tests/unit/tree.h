/* A temporary tree for readers: tree_write(&t, "proc/1/stat", "..."), removed by tree_release. */
#ifndef VCTOP_TESTS_TREE_H
#define VCTOP_TESTS_TREE_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

struct tree {
	char root[64];
};

static inline void tree_init(struct tree *t)
{
	(void)snprintf(t->root, sizeof(t->root), "/tmp/vctop-tree.XXXXXX");
	assert_non_null(mkdtemp(t->root));
}

static inline char *tree_path(const struct tree *t, const char *path)
{
	return xasprintf("%s/%s", t->root, path);
}

/* Makes all directories above the last component. */
static inline void tree_parents(char *path)
{
	for (char *p = path + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
			*p = '/';
		}
}

static inline void tree_mkdir(const struct tree *t, const char *path)
{
	cleanup_free char *p = xasprintf("%s/%s/", t->root, path);
	tree_parents(p);
}

static inline void tree_write_n(const struct tree *t, const char *path, const void *data, size_t n)
{
	cleanup_free char *p = tree_path(t, path);
	tree_parents(p);
	int fd = open(p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), n);
	(void)close(fd);
}

static inline void tree_write(const struct tree *t, const char *path, const char *text)
{
	tree_write_n(t, path, text, strlen(text));
}

static inline void tree_link(const struct tree *t, const char *path, const char *target)
{
	cleanup_free char *p = tree_path(t, path);
	tree_parents(p);
	assert_int_equal(symlink(target, p), 0);
}

static inline void tree_remove(const struct tree *t, const char *path)
{
	cleanup_free char *p = tree_path(t, path);
	assert_int_equal(unlink(p), 0);
}

static inline void tree_remove_dir(const struct tree *t, const char *path)
{
	cleanup_free char *p = tree_path(t, path);
	assert_int_equal(rmdir(p), 0);
}

static inline int tree_unlink_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static inline void tree_release(struct tree *t)
{
	assert_int_equal(nftw(t->root, tree_unlink_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* How many fds this process holds. */
static inline unsigned open_fds(void)
{
	unsigned n = 0;
	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#endif
