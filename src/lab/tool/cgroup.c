#include "lab/tool/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libcgroup.h>
#include <mntent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/register.h"
#include "lab/tool/proctable.h"
#include "vctop/base/parse.h"
#include "vctop/base/strbuf.h"

#define PARENT "vctop"
#define PERIOD_USEC 100000 /* the kernel's default */
#define KILL_WAIT_MSEC 5000

static const char *const controllers[] = {"cpu", "cpuacct", "memory", "pids", "freezer"};

/* Where a leaf's directories are: one per hierarchy. */
struct hierarchy {
	char *mount;
	bool v2, has[ARRAY_SIZE(controllers)];
};
typedef VEC(struct hierarchy) hierarchy_vec;

static void hierarchies_release(hierarchy_vec *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->v[i].mount);
	vec_free(v);
}

static struct hierarchy *hierarchy_at(hierarchy_vec *v, const char *mount)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->v[i].mount, mount) == 0)
			return &v->v[i];
	struct hierarchy h = {.mount = xstrdup(mount)};
	vec_push(v, h);
	return &v->v[v->n - 1];
}

/* cgroup_strerror() of "see errno" prints whatever errno was first: ask for that one ourselves. */
static const char *reason(int rc)
{
	return rc == ECGOTHER ? strerror(cgroup_get_last_errno()) : cgroup_strerror(rc);
}

/* All there are, those that runc fills besides and a bare cgroup2 tree among them. */
static void find_mounts(hierarchy_vec *ret)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char text[8192];
	while (f && getmntent_r(f, &entry, text, sizeof(text)))
		if (strcmp(entry.mnt_type, "cgroup2") == 0)
			hierarchy_at(ret, entry.mnt_dir)->v2 = true;
		else if (strcmp(entry.mnt_type, "cgroup") == 0)
			(void)hierarchy_at(ret, entry.mnt_dir);
	if (f)
		(void)endmntent(f);
}

/* And which of them carry ours, which libcgroup knows: asked only by who makes something, for it takes 0.8 MiB. */
static int find_hierarchies(hierarchy_vec *ret, struct error *err)
{
	int rc = cgroup_init();
	if (rc)
		return error_set(err, ENOSYS, "cgroups: %s", reason(rc));
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		char *mount = NULL;
		if (cgroup_get_subsys_mount_point(controllers[i], &mount) == 0 && mount)
			hierarchy_at(ret, mount)->has[i] = true;
		free(mount);
	}
	if (!ret->n)
		return error_set(err, ENOSYS, "cgroups: no hierarchy with cpu or memory is mounted");
	find_mounts(ret);
	return 0;
}

static bool carries_ours(const struct hierarchy *h)
{
	return memchr(h->has, true, sizeof(h->has)) != NULL;
}

static bool is_v2(const hierarchy_vec *all, size_t controller)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].has[controller])
			return all->v[i].v2;
	return false;
}

static bool is_mounted(const hierarchy_vec *all, size_t controller)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].has[controller])
			return true;
	return false;
}

static void add_cpu_limit(struct cgroup_controller *c, bool v2, double cpus)
{
	char text[64];
	int64_t quota = (int64_t)(cpus * PERIOD_USEC);
	if (quota < 1000)
		quota = 1000; /* the smallest the kernel takes */
	(void)snprintf(text, sizeof(text), "%lld %d", (long long)quota, PERIOD_USEC);
	if (v2) {
		(void)cgroup_add_value_string(c, "cpu.max", text);
	} else {
		(void)cgroup_add_value_int64(c, "cpu.cfs_period_us", PERIOD_USEC);
		(void)cgroup_add_value_int64(c, "cpu.cfs_quota_us", quota);
	}
}

static struct cgroup *describe(const char *leaf, const hierarchy_vec *all, const struct cgroup_limits *l)
{
	char name[80];
	(void)snprintf(name, sizeof(name), PARENT "/%s", leaf);
	struct cgroup *cg = cgroup_new_cgroup(name);
	for (size_t i = 0; cg && i < ARRAY_SIZE(controllers); i++) {
		struct cgroup_controller *c = is_mounted(all, i) ? cgroup_add_controller(cg, controllers[i]) : NULL;
		if (!c)
			continue;
		if (i == 0 && l->cpus > 0)
			add_cpu_limit(c, is_v2(all, i), l->cpus);
		if (i == 2 && l->memory)
			(void)cgroup_add_value_uint64(c, is_v2(all, i) ? "memory.max" : "memory.limit_in_bytes",
			                              l->memory);
		if (i == 3 && l->pids)
			(void)cgroup_add_value_uint64(c, "pids.max", l->pids);
	}
	return cg;
}

static int write_file(const char *path, const char *text)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* A cgroup2 child has only the controllers that each ancestor hands down. */
static void enable_below(const struct hierarchy *h, const char *dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		if (!h->v2 || !h->has[i])
			continue;
		cleanup_free char *path = xasprintf("%s%s/cgroup.subtree_control", h->mount, dir);
		cleanup_free char *text = xasprintf("+%s", controllers[i]);
		(void)write_file(path, text); /* when it fails, setting the limit says so */
	}
}

static void make_extra(const hierarchy_vec *all, const char *leaf)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct hierarchy *h = &all->v[i];
		if (!h->v2)
			continue;
		cleanup_free char *parent = xasprintf("%s/" PARENT, h->mount);
		cleanup_free char *dir = xasprintf("%s/%s", parent, leaf);
		enable_below(h, "");
		(void)mkdir(parent, 0755);
		enable_below(h, "/" PARENT);
		(void)mkdir(dir, 0755); /* without it there is no pressure to see, and all else works */
	}
}

int lab_cgroup_make(const char *leaf, const struct cgroup_limits *limits, struct error *err)
{
	hierarchy_vec all = {0};
	int r = find_hierarchies(&all, err);
	if (r < 0) {
		hierarchies_release(&all);
		return r;
	}
	make_extra(&all, leaf);
	struct cgroup *cg = describe(leaf, &all, limits);
	int rc = cg ? cgroup_create_cgroup(cg, 1) : ECGFAIL;
	if (rc)
		r = error_set(err, EIO, "cgroup /" PARENT "/%s: %s", leaf, reason(rc));
	cgroup_free(&cg);
	hierarchies_release(&all);
	return r;
}

int lab_cgroup_limit_cpu(const char *leaf, double cpus, struct error *err)
{
	hierarchy_vec all = {0};
	char name[80];
	int r = find_hierarchies(&all, err);
	(void)snprintf(name, sizeof(name), PARENT "/%s", leaf);
	struct cgroup *cg = r < 0 ? NULL : cgroup_new_cgroup(name);
	struct cgroup_controller *c = cg ? cgroup_add_controller(cg, controllers[0]) : NULL;
	if (c) {
		add_cpu_limit(c, is_v2(&all, 0), cpus);
		int rc = cgroup_modify_cgroup(cg);
		if (rc)
			r = error_set(err, EIO, "cgroup /%s: cpu limit: %s", name, reason(rc));
	} else if (r == 0) {
		r = error_set(err, EIO, "cgroup /%s: no cpu controller", name);
	}
	cgroup_free(&cg);
	hierarchies_release(&all);
	return r;
}

int lab_cgroup_attach(const char *leaf, pid_t pid, struct error *err)
{
	hierarchy_vec all = {0};
	char text[16];
	int r = find_hierarchies(&all, err);
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		const struct hierarchy *h = &all.v[i];
		bool optional = !carries_ours(h);
		cleanup_free char *path = xasprintf("%s/" PARENT "/%s/cgroup.procs", h->mount, leaf);
		int w = write_file(path, text);
		if (w < 0 && !optional)
			r = error_set(err, -w, "%s: %s", path, strerror(-w));
	}
	hierarchies_release(&all);
	return r;
}

/* Calls fn with each directory below dir, the deepest first; returns the sum of what it returns. */
static int each_below(const char *dir, int (*fn)(const char *dir))
{
	cleanup_dir DIR *d = opendir(dir);
	const struct dirent *e;
	int n = 0;
	while (d && (e = readdir(d))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		cleanup_free char *below = xasprintf("%s/%s", dir, e->d_name);
		n += each_below(below, fn);
		n += fn(below);
	}
	return n;
}

/* Of the v1 freezer: what is frozen there does not die. */
static void thaw(const char *dir)
{
	cleanup_free char *path = xasprintf("%s/freezer.state", dir);
	(void)write_file(path, "THAWED");
}

/* Number of processes in the cgroup, each sent SIGKILL. */
static int kill_inside(const char *dir)
{
	cleanup_free char *path = xasprintf("%s/cgroup.procs", dir);
	cleanup_file FILE *f = fopen(path, "re");
	char line[32];
	int n = 0;
	while (f && fgets(line, sizeof(line), f)) {
		uint64_t pid;
		/* 0 stands for a process our pid namespace cannot see; to kill(2) it would mean ourselves. */
		if (parse_u64(line, strlen(line), &pid) < 0 || pid <= 1 || pid > INT32_MAX || (pid_t)pid == getpid())
			continue;
		(void)kill((pid_t)pid, SIGKILL);
		n++;
	}
	if (n)
		thaw(dir);
	return n;
}

static void kill_all(const hierarchy_vec *all, const char *leaf)
{
	for (unsigned waited = 0; waited < KILL_WAIT_MSEC; waited += 5) {
		int left = 0;
		for (size_t i = 0; i < all->n; i++) {
			cleanup_free char *dir = xasprintf("%s/" PARENT "/%s", all->v[i].mount, leaf);
			left += each_below(dir, kill_inside) + kill_inside(dir);
		}
		if (!left)
			return;
		lab_nap(5);
	}
}

static bool dir_exists(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int remove_dir(const char *dir)
{
	return rmdir(dir) < 0 && errno != ENOENT;
}

/* true: gone from this hierarchy. libcgroup would look only into those of our controllers, and not into a bare one. */
static bool gone(const struct hierarchy *h, const char *leaf)
{
	cleanup_free char *dir = xasprintf("%s/" PARENT "/%s", h->mount, leaf);
	return !dir_exists(dir) || (each_below(dir, remove_dir) == 0 && remove_dir(dir) == 0);
}

int lab_cgroup_remove(const char *leaf, struct error *err)
{
	hierarchy_vec all = {0};
	int r = 0;
	find_mounts(&all);
	kill_all(&all, leaf);
	size_t left = all.n;
	/* The last exit is counted a moment after the process has left the list: EBUSY until then. */
	for (unsigned waited = 0; left && waited < KILL_WAIT_MSEC; waited += 10) {
		left = 0;
		for (size_t i = 0; i < all.n; i++)
			left += !gone(&all.v[i], leaf);
		if (left) {
			lab_nap(10);
			kill_all(&all, leaf);
		}
	}
	if (left)
		r = error_set(err, EBUSY, "cgroup /" PARENT "/%s: cannot be removed", leaf);
	for (size_t i = 0; i < all.n; i++) {
		cleanup_free char *parent = xasprintf("%s/" PARENT, all.v[i].mount);
		(void)rmdir(parent); /* refuses while another sample is in it */
	}
	hierarchies_release(&all);
	return r;
}

static int is_occupied(const char *dir)
{
	char first;
	cleanup_free char *path = xasprintf("%s/cgroup.procs", dir);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, &first, 1) > 0;
}

bool lab_cgroup_occupied(const char *leaf)
{
	hierarchy_vec all = {0};
	int n = 0;
	find_mounts(&all);
	for (size_t i = 0; n == 0 && i < all.n; i++) {
		cleanup_free char *dir = xasprintf("%s/" PARENT "/%s", all.v[i].mount, leaf);
		n = each_below(dir, is_occupied) + is_occupied(dir);
	}
	hierarchies_release(&all);
	return n > 0;
}

int lab_cgroup_usable(struct error *err)
{
	hierarchy_vec all = {0};
	int r = find_hierarchies(&all, err);
	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (carries_ours(&all.v[i]) && access(all.v[i].mount, W_OK) < 0)
			r = error_set(err, errno, "%s: %s", all.v[i].mount, strerror(errno));
	hierarchies_release(&all);
	return r;
}

void lab_cgroup_leaves(leaf_vec *ret)
{
	hierarchy_vec all = {0};
	find_mounts(&all);
	for (size_t i = 0; i < all.n; i++) {
		cleanup_free char *path = xasprintf("%s/" PARENT, all.v[i].mount);
		cleanup_dir DIR *dir = opendir(path);
		const struct dirent *e;
		while (dir && (e = readdir(dir))) {
			bool known = !sample_kind(e->d_name);
			for (size_t k = 0; !known && k < ret->n; k++)
				known = strcmp(ret->v[k], e->d_name) == 0;
			if (!known)
				vec_push(ret, xstrdup(e->d_name));
		}
	}
	hierarchies_release(&all);
}

void leaf_vec_release(leaf_vec *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->v[i]);
	vec_free(v);
}

/* Where both are, a process is in both: one freezer is enough, and in the second's a frozen process can be killed. */
static bool any_v2(const hierarchy_vec *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].v2)
			return true;
	return false;
}

static bool file_says(const char *path, const char *text)
{
	char buf[256];
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = '\0';
	return strstr(buf, text) != NULL;
}

/* Writes `order` and waits until `state` says `want`. -ENOENT: there is no such file. */
static int freeze_by(const char *order_path, const char *order, const char *state_path, const char *want)
{
	int r = write_file(order_path, order);
	for (unsigned waited = 0; r == 0 && !file_says(state_path, want); waited++) {
		if (waited >= KILL_WAIT_MSEC)
			return -ETIMEDOUT;
		lab_nap(1);
	}
	return r;
}

int lab_cgroup_freeze(const char *leaf, bool on, struct error *err)
{
	hierarchy_vec all = {0};
	int r = find_hierarchies(&all, err), done = -ENOENT;
	for (size_t i = 0; r == 0 && done == -ENOENT && i < all.n; i++) {
		cleanup_free char *dir = xasprintf("%s/" PARENT "/%s", all.v[i].mount, leaf);
		cleanup_free char *v2 = xasprintf("%s/cgroup.freeze", dir),
		                  *events = xasprintf("%s/cgroup.events", dir);
		cleanup_free char *v1 = xasprintf("%s/freezer.state", dir);
		if (all.v[i].v2)
			done = freeze_by(v2, on ? "1" : "0", events, on ? "frozen 1" : "frozen 0");
		else if (!any_v2(&all))
			done = freeze_by(v1, on ? "FROZEN" : "THAWED", v1, on ? "FROZEN" : "THAWED");
	}
	hierarchies_release(&all);
	if (r == 0 && done < 0)
		r = error_set(err, -done, "cgroup /" PARENT "/%s: freezer: %s", leaf, strerror(-done));
	return r;
}
