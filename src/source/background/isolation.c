/*
 * How isolated an instance is: its first process's namespaces, rights and mounts against PID 1's, never against
 * constants of some distribution.  Without privilege the links of /proc/PID/ns are hidden; status, uid_map and
 * mountinfo are not, and tell part of it.
 */
#include "source/background/isolation_subject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/parse.h"
#include "vctop/base/strbuf.h"
#include "vctop/base/text.h"

/* A container may make mounts without end. */
#define MOUNTINFO_MAX ((size_t)256 << 10)
#define HOST_MOUNTINFO_MAX ((size_t)4 << 20)
#define LABEL_MAX 128

/* AppArmor's own file where there is one: with several modules, current is only the first's. EINVAL: no module. */
static const char *const label_files[LABEL_FILES] = {"attr/apparmor/current", "attr/current"};

/* The first namespaces have these inodes; net and mnt only since 6.18, before they differ by boot. */
static const char *const initial[NS_MAX] = {
        "pid:[4026531836]", "mnt:[4026531832]",  "net:[4026531833]",    "ipc:[4026531839]",
        "uts:[4026531838]", "user:[4026531837]", "cgroup:[4026531835]", "time:[4026531834]",
};

/* dir: its directory of namespaces; -1 not open. */
static int read_ns(struct rootfs *fs, int dir, const char *pid, enum ns_type t, struct strbuf *link)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "proc/%s/ns/%s", pid, ns_type_name(t));
	return rootfs_readlink_in(fs, dir, path, link);
}

static uint64_t net_inode(struct rootfs *fs, const char *pid)
{
	char path[64];
	struct stat st;
	(void)snprintf(path, sizeof(path), "proc/%s/net/dev", pid);
	return rootfs_is_live(fs) && rootfs_stat(fs, path, &st) == 0 ? st.st_ino : 0;
}

static void read_map(struct rootfs *fs, const char *pid, struct uid_map *ret, struct strbuf *text)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "proc/%s/uid_map", pid);
	ssize_t n = rootfs_read(fs, path, 65536, text);
	uid_map_parse(text->buf, n > 0 ? (size_t)n : 0, ret);
}

static void find_labels(struct rootfs *fs, struct isolation_host *h, struct strbuf *text)
{
	char path[64];
	for (size_t i = 0; i < LABEL_FILES; i++) {
		(void)snprintf(path, sizeof(path), "proc/self/%s", label_files[i]);
		ssize_t n = rootfs_read(fs, path, 4096, text);
		h->no_label[i] = n == -ENOENT || n == -EINVAL;
	}
}

void isolation_host_read(struct rootfs *fs, struct isolation_host *ret)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct status_facts status;
	*ret = (struct isolation_host){.net_inode = net_inode(fs, "1")};
	bool first_pid_ns = read_ns(fs, -1, "self", NS_PID, &text) == 0 && strcmp(text.buf, initial[NS_PID]) == 0;
	for (enum ns_type t = 0; t < NS_MAX; t++) {
		if (read_ns(fs, -1, "1", t, &text) == 0)
			ret->ns[t] = xstrdup(text.buf);
		else if (first_pid_ns && t != NS_NET && t != NS_MNT)
			ret->assumed[t] = ret->ns[t] = xstrdup(initial[t]);
	}
	if (status_read(fs, 1, &status) == 0) {
		ret->has_caps = status.has_caps;
		ret->cap_bnd = status.cap_bnd;
	}
	bool shared = rootfs_is_live(fs) && !rootfs_is_traced(fs);
	ssize_t n = rootfs_read(fs, "proc/1/mountinfo", HOST_MOUNTINFO_MAX, &text);
	bool whole = n > 0 && (size_t)n <= MOUNTINFO_MAX;
	if (n <= 0 && n != -EFBIG)
		n = rootfs_read(fs, "proc/self/mountinfo", HOST_MOUNTINFO_MAX, &text);
	host_mounts_parse(text.buf, n > 0 || n == -EFBIG ? text.len : 0, &ret->mounts);
	if (shared && whole && rootfs_place(fs, "proc/1/root", &ret->root))
		mount_facts_parse(text.buf, text.len, &ret->mounts, false, &ret->own_mounts);
	if (shared && ret->ns[NS_USER])
		read_map(fs, "1", &ret->map, &text);
	if (shared)
		find_labels(fs, ret, &text);
}

void isolation_host_release(struct isolation_host *h)
{
	for (enum ns_type t = 0; t < NS_MAX; t++)
		free(h->ns[t]);
	host_mounts_release(&h->mounts);
	*h = (struct isolation_host){0};
}

static void map_users(struct subject *s, enum ns_state ns, struct strbuf *text)
{
	if (ns == NS_HOST && s->host->map.known)
		s->map = s->host->map;
	else
		read_map(s->fs, s->pid, &s->map, text);
}

static void cite_line(struct rootfs *fs, const char *field, const char *path, struct slice line)
{
	if (line.n)
		rootfs_cite(fs, field, path, "%.*s", (int)line.n, line.at);
}

/* Of hundreds of lines those that decide; before the text they lie in is replaced. */
static void cite_mounts(const struct subject *s, const char *path)
{
	cite_line(s->fs, "isolation.read_only_root", path, s->mounts.root_line);
	cite_line(s->fs, "isolation.privileged", path, s->mounts.mask_line);
	if (!s->mounts.given_n)
		rootfs_cite(s->fs, "isolation.host_mounts", path, "none of its lines is such a mount");
	for (unsigned i = 0; i < s->mounts.given_n; i++)
		cite_line(s->fs, "isolation.host_mounts", path, s->mounts.given_lines[i]);
}

/* Somebody in PID 1's mount namespace: has he its root too? */
static bool has_hosts_root(const struct subject *s)
{
	char path[64];
	struct rootfs_place root;
	if (s->told)
		return s->told->hosts_root;
	(void)snprintf(path, sizeof(path), "proc/%s/root", s->pid);
	return rootfs_place(s->fs, path, &root) && root.mount == s->host->root.mount &&
	       root.inode == s->host->root.inode;
}

static void read_mounts(struct subject *s, enum ns_state ns, struct strbuf *text)
{
	char path[64];
	bool own_pid = s->status.pid_levels > 1;
	if (ns == NS_HOST && s->host->own_mounts.root_seen && has_hosts_root(s)) {
		s->mounts = s->host->own_mounts;
		return;
	}
	(void)snprintf(path, sizeof(path), "proc/%s/mountinfo", s->pid);
	ssize_t n = rootfs_read(s->fs, path, MOUNTINFO_MAX, text);
	s->mounts_err = n < 0 ? (int)n : 0;
	bool some = n > 0 || n == -EFBIG;
	mount_facts_parse(text->buf, some ? text->len : 0, &s->host->mounts, own_pid, &s->mounts);
	cite_mounts(s, path);
	if (n == 0)
		s->mounts_err = -ENOENT; /* a zombie's is empty */
}

static enum ns_state own_or_host(bool own)
{
	return own ? NS_OWN : NS_HOST;
}

/* For want of the link: other files that differ by namespace. */
static enum ns_state guess_ns(const struct subject *s, enum ns_type t)
{
	uint64_t net = t == NS_NET && s->host->net_inode ? net_inode(s->fs, s->pid) : 0;
	if (net)
		return own_or_host(net != s->host->net_inode);
	if (t == NS_PID && s->status_err == 0 && s->status.pid_levels)
		return own_or_host(s->status.pid_levels > 1);
	if (t == NS_USER && s->map.known)
		return own_or_host(!s->map.identity);
	if (t == NS_MNT && s->mounts.any_id && s->host->mounts.ids.n)
		return own_or_host(!host_mounts_has(&s->host->mounts, s->mounts.any_id));
	return NS_UNKNOWN;
}

/* What its own was compared with, where the link of PID 1's may not be read. */
static void cite_assumed(const struct subject *s, enum ns_type t)
{
	char field[48], path[32];
	if (!s->host->assumed[t] || !rootfs_cites(s->fs))
		return;
	(void)snprintf(field, sizeof(field), "isolation.namespaces.%s", ns_type_name(t));
	(void)snprintf(path, sizeof(path), "proc/1/ns/%s", ns_type_name(t));
	rootfs_cite(s->fs, field, path, "%s, the number the first one always has: the link may not be read",
	            s->host->assumed[t]);
}

/* By their links, where they have not been told. Returns those to be guessed, a bit each. */
static unsigned read_namespaces(const struct subject *s, struct isolation *ret, struct strbuf *link)
{
	unsigned unread = 0;
	char path[64];
	if (s->told) {
		memcpy(ret->ns, s->told->ns, sizeof(ret->ns));
		return 0;
	}
	(void)snprintf(path, sizeof(path), "proc/%s/ns", s->pid);
	cleanup_close int dir = rootfs_openat(s->fs, path, O_PATH | O_DIRECTORY);
	for (enum ns_type t = 0; t < NS_MAX; t++) {
		int r = read_ns(s->fs, dir, s->pid, t, link);
		cite_assumed(s, t);
		if (r == 0 && s->host->ns[t])
			ret->ns[t] = own_or_host(strcmp(link->buf, s->host->ns[t]) != 0);
		else if (r == 0 && strcmp(link->buf, initial[t]) == 0)
			ret->ns[t] = NS_HOST;
		else if (r != -ENOENT || t != NS_TIME) /* no such namespaces before 5.6 */
			unread |= 1U << t;
	}
	return unread;
}

static void guess_namespaces(const struct subject *s, unsigned unread, struct isolation *ret)
{
	for (enum ns_type t = 0; t < NS_MAX; t++)
		if (unread >> t & 1)
			ret->ns[t] = guess_ns(s, t);
}

static const char *read_label(struct subject *s, struct strbuf *text)
{
	char path[64];
	for (size_t i = 0; i < LABEL_FILES; i++) {
		(void)snprintf(path, sizeof(path), "proc/%s/%s", s->pid, label_files[i]);
		if (s->host->no_label[i] || rootfs_read(s->fs, path, 4096, text) <= 0)
			continue;
		text->buf[strcspn(text->buf, "\n")] = '\0';
		if (*text->buf)
			return text_clean(arena_strdup(s->arena, text->buf), LABEL_MAX);
	}
	return NULL;
}

/* Who its root, or it, is on the host. */
static const char *user_of(const struct subject *s)
{
	struct status_facts parent;
	if (!s->map.known || s->status_err < 0 || !s->status.has_uid)
		return NULL;
	if (s->map.identity || (s->map.has_root && s->map.root == 0))
		return s->status.uid == 0 ? "root" : "user";
	if (s->map.has_root && s->map.root_count == 1)
		return "rootless";
	/* A daemon that is root maps a range; a plain user's monitor runs as that user. */
	bool plain = s->status.ppid > 1 && status_read(s->fs, s->status.ppid, &parent) == 0 && parent.has_uid &&
	             parent.uid != 0;
	return plain ? "rootless" : "userns";
}

static void take_status(struct subject *s, struct isolation *ret)
{
	static const char *const seccomp[] = {"off", "strict", "filter"};
	const struct status_facts *f = &s->status;
	if (s->status_err < 0) {
		ret->uid = ret->all_capabilities = ret->no_new_privs =
		        metric_errno(s->status_err, "/proc/PID/status could not be read");
		return;
	}
	struct metric none = metric_none(METRIC_ABSENT, "not in /proc/PID/status");
	ret->uid = f->has_uid ? metric_ok((double)f->uid) : none;
	ret->no_new_privs = f->no_new_privs >= 0 ? metric_ok(f->no_new_privs) : none;
	ret->all_capabilities = none;
	if (f->has_caps) {
		ret->capabilities = arena_fmt(s->arena, "%016llx", (unsigned long long)f->cap_eff);
		ret->all_capabilities = s->host->has_caps
		                                ? metric_ok((f->cap_eff & s->host->cap_bnd) == s->host->cap_bnd)
		                                : metric_none(METRIC_ABSENT, "PID 1's bounding set is not known");
	}
	if (f->seccomp >= 0)
		ret->seccomp = seccomp[f->seccomp];
	ret->user = user_of(s);
}

/* Without "a *:* rwm" in the v1 devices controller; cgroup2 keeps its rules in a BPF program that does not show. */
static bool lacks_devices(const struct subject *s, struct strbuf *text)
{
	cleanup_strbuf struct strbuf path = STRBUF_INIT;
	const char *cursor, *line;
	size_t n;
	if (s->told && s->told->all_devices >= 0)
		return s->host->mounts.devices && !s->told->all_devices;
	strbuf_fmt(&path, "proc/%s/cgroup", s->pid);
	if (!s->host->mounts.devices || rootfs_read(s->fs, path.buf, 65536, text) <= 0)
		return false;
	strbuf_clear(&path);
	for (cursor = text->buf; parse_line(&cursor, text->buf + text->len, &line, &n);) {
		const char *one = memchr(line, ':', n);
		const char *two = one ? memchr(one + 1, ':', n - (size_t)(one + 1 - line)) : NULL;
		struct slice list = {one + 1, two ? (size_t)(two - one) - 1 : 0};
		if (two && slice_has_option(list, "devices"))
			strbuf_fmt(&path, "%s%.*s/devices.list", s->host->mounts.devices,
			           (int)(n - (size_t)(two + 1 - line)), two + 1);
	}
	if (!path.len || rootfs_read(s->fs, path.buf, 65536, text) <= 0)
		return false;
	return strncmp(text->buf, "a *:* rwm", 9) != 0;
}

/*
 * Is there a right of the host's that it lacks?  An older Docker does not know the capabilities that were split off
 * CAP_SYS_ADMIN (perfmon, bpf, checkpoint_restore) and gives them with it, as the kernel does.
 */
static bool lacks_rights(const struct subject *s)
{
	uint64_t eff = s->status.cap_eff;
	if (eff >> 21 & 1)
		eff |= 7ULL << 38;
	return (eff & s->host->cap_bnd) != s->host->cap_bnd;
}

/* All conditions together; one that fails decides, one that is unknown leaves it open. */
static struct metric judge_privileged(const struct subject *s, const struct isolation *i, struct strbuf *text)
{
	bool mounts_known = s->mounts_err == 0;
	bool no = i->ns[NS_USER] == NS_OWN || (metric_is_ok(i->all_capabilities) && lacks_rights(s)) ||
	          s->status.seccomp > 0 || s->mounts.masked || lacks_devices(s, text);
	if (no)
		return metric_ok(0);
	if (s->status_err < 0)
		return metric_errno(s->status_err, "/proc/PID/status could not be read");
	if (i->ns[NS_USER] == NS_UNKNOWN)
		return metric_none(METRIC_DENIED, "its user namespace may not be seen");
	if (!metric_is_ok(i->all_capabilities))
		return i->all_capabilities;
	if (s->status.seccomp < 0)
		return metric_none(METRIC_ABSENT, "this kernel does not say whether it is filtered");
	if (!mounts_known)
		return metric_errno(s->mounts_err, "/proc/PID/mountinfo could not be read");
	return metric_ok(1);
}

static struct metric read_only_root(const struct subject *s)
{
	if (s->mounts.root_seen && s->mounts_err == 0)
		return metric_ok(s->mounts.read_only_root);
	if (s->mounts_err == -EFBIG)
		return metric_none(METRIC_ABSENT, "it has more mounts than are read");
	if (s->mounts_err < 0)
		return metric_errno(s->mounts_err, "/proc/PID/mountinfo could not be read");
	return metric_none(METRIC_ABSENT, "no mount of / in /proc/PID/mountinfo");
}

static void told_status(const struct process_told *t, struct status_facts *ret)
{
	*ret = (struct status_facts){.has_uid = true,
	                             .has_caps = true,
	                             .uid = t->euid,
	                             .cap_eff = t->cap_eff,
	                             .cap_bnd = t->cap_bnd,
	                             .seccomp = t->seccomp,
	                             .no_new_privs = t->no_new_privs,
	                             .pid_levels = t->pid_levels,
	                             .ppid = t->ppid};
}

static struct subject subject_of(struct rootfs *fs, const struct isolation_host *host, struct isolated i,
                                 struct arena *a)
{
	struct subject s = {.fs = fs, .host = host, .told = i.told, .arena = a};
	(void)snprintf(s.pid, sizeof(s.pid), "%d", (int)i.pid);
	if (i.told)
		told_status(i.told, &s.status);
	else
		s.status_err = status_read(fs, i.pid, &s.status);
	if (s.status_err < 0)
		s.status = (struct status_facts){.seccomp = -1, .no_new_privs = -1};
	return s;
}

/* gVisor: the process is a kernel of its own in user space, and always in mount, IPC and UTS namespaces of its own. */
static bool is_sandbox(const struct subject *s, struct strbuf *text)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "proc/%s/cmdline", s->pid);
	ssize_t n = rootfs_read(s->fs, path, 65536, text);
	return (n > 0 || n == -EFBIG) && strcmp(text->buf, "runsc-sandbox") == 0;
}

pid_t isolation_container(struct rootfs *fs, const struct isolation_host *host, struct isolated init, struct arena *a,
                          struct isolation *ret)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct subject s = subject_of(fs, host, init, a);
	*ret = (struct isolation){.kernel = "shared"};
	unsigned unread = read_namespaces(&s, ret, &text);
	map_users(&s, ret->ns[NS_USER], &text);
	read_mounts(&s, ret->ns[NS_MNT], &text);
	guess_namespaces(&s, unread, ret);
	take_status(&s, ret);
	ret->lsm = read_label(&s, &text);
	ret->privileged = judge_privileged(&s, ret, &text);
	ret->read_only_root = read_only_root(&s);
	if (ret->ns[NS_MNT] == NS_HOST)
		ret->host_mounts = "/";
	else if (*s.mounts.given)
		ret->host_mounts = arena_strdup(a, s.mounts.given);
	ret->summary = isolation_summary(&s, ret);
	if (ret->ns[NS_MNT] != NS_HOST && is_sandbox(&s, &text)) {
		ret->kernel = "own";
		ret->guard = "runsc-sandbox";
		ret->summary = arena_fmt(a, "own kernel (gVisor); its sandbox: %s", ret->summary);
	}
	return s.status.ppid;
}

/* The program's file, else what it calls itself. */
static char *program_name(const struct subject *s, struct strbuf *text)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "proc/%s/exe", s->pid);
	if (rootfs_readlink(s->fs, path, text) == 0) {
		static const char gone[] = " (deleted)";
		size_t n = sizeof(gone) - 1;
		if (text->len > n && strcmp(text->buf + text->len - n, gone) == 0)
			text->buf[text->len - n] = '\0';
		const char *slash = strrchr(text->buf, '/');
		return text_clean(arena_strdup(s->arena, slash ? slash + 1 : text->buf), 64);
	}
	(void)snprintf(path, sizeof(path), "proc/%s/comm", s->pid);
	ssize_t n = rootfs_read(s->fs, path, 256, text);
	text->buf[n > 0 ? strcspn(text->buf, "\n") : 0] = '\0';
	return text_clean(arena_strdup(s->arena, n > 0 ? text->buf : "?"), 64);
}

pid_t isolation_vm(struct rootfs *fs, const struct isolation_host *host, struct isolated vmm, struct arena *a,
                   struct isolation *ret)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct subject s = subject_of(fs, host, vmm, a);
	struct metric none = metric_none(METRIC_ABSENT, "not a container");
	*ret = (struct isolation){.kernel = "own"};
	unsigned unread = read_namespaces(&s, ret, &text);
	map_users(&s, ret->ns[NS_USER], &text);
	guess_namespaces(&s, unread, ret);
	take_status(&s, ret);
	ret->lsm = read_label(&s, &text);
	isolation_guard(&s, program_name(&s, &text), ret);
	/* The guest's namespaces are its own kernel's; the VMM's are said in guard. */
	memset(ret->ns, 0, sizeof(ret->ns));
	ret->privileged = ret->read_only_root = none;
	return s.status.ppid;
}

void isolation_none(struct isolation *ret, const char *why)
{
	struct metric none = metric_none(METRIC_ABSENT, why);
	*ret = (struct isolation){0};
	ret->uid = ret->all_capabilities = ret->no_new_privs = ret->privileged = ret->read_only_root = none;
}
