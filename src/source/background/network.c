#include "source/background/network.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/bpf/processes.h"
#include "source/hex.h"
#include "vctop/base/parse.h"
#include "vctop/base/strbuf.h"

#define MAX_INTERFACES 4096 /* of the host, looked through for one macvtap */

static const struct net_tap *find_tap(const struct net_tap *taps, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(taps[i].name) == len && memcmp(taps[i].name, name, len) == 0)
			return &taps[i];
	return NULL;
}

/* "  eth0: 1296 16 0 0 0 0 0 0 2048 20 ...": received bytes first, sent bytes ninth. */
unsigned net_dev_parse(const char *buf, size_t len, const struct net_tap *taps, size_t taps_n, double *ret_rx,
                       double *ret_tx)
{
	const char *cursor = buf, *line, *name, *w;
	size_t n, name_n, wn;
	unsigned found = 0;
	*ret_rx = *ret_tx = 0;
	while (parse_line(&cursor, buf + len, &line, &n)) {
		uint64_t rx, tx;
		/* A name may hold a colon; the numbers cannot. */
		const char *colon = memrchr(line, ':', n);
		if (!colon || !parse_word(line, (size_t)(colon - line), 0, &name, &name_n))
			continue;
		size_t rest = n - (size_t)(colon + 1 - line);
		if (!parse_word(colon + 1, rest, 0, &w, &wn) || parse_u64(w, wn, &rx) < 0 ||
		    !parse_word(colon + 1, rest, 8, &w, &wn) || parse_u64(w, wn, &tx) < 0)
			continue;
		const struct net_tap *tap = find_tap(taps, taps_n, name, name_n);
		if (taps_n ? !tap : name_n == 2 && memcmp(name, "lo", 2) == 0)
			continue;
		bool turned = tap && !tap->macvtap;
		*ret_rx += (double)(turned ? tx : rx);
		*ret_tx += (double)(turned ? rx : tx);
		found++;
	}
	return found;
}

bool tun_name_parse(const char *buf, size_t len, char name[IFNAMSIZ])
{
	const char *cursor = buf, *line, *w;
	size_t n, wn;
	while (parse_line(&cursor, buf + len, &line, &n)) {
		if (n < 4 || memcmp(line, "iff:", 4) != 0)
			continue;
		/* It becomes part of a path. */
		if (!parse_word(line + 4, n - 4, 0, &w, &wn) || wn >= IFNAMSIZ || memchr(w, '/', wn) ||
		    memchr(w, '\0', wn) || *w == '.')
			return false;
		memcpy(name, w, wn);
		name[wn] = '\0';
		return true;
	}
	return false;
}

static void add_tap(struct network *n, const char *name, bool macvtap)
{
	if (n->taps_n == NETWORK_TAPS || find_tap(n->taps, n->taps_n, name, strlen(name)))
		return; /* one fd for each queue */
	if (!n->taps)
		n->taps = xcalloc(NETWORK_TAPS, sizeof(*n->taps));
	struct net_tap *t = &n->taps[n->taps_n++];
	*t = (struct net_tap){.macvtap = macvtap, .rx = KFILE_INIT, .tx = KFILE_INIT};
	(void)snprintf(t->name, sizeof(t->name), "%s", name);
}

/* /dev/tapN is the macvtap whose interface has index N. */
static void add_macvtap(struct network *n, struct rootfs *fs, uint64_t index)
{
	struct rootfs_names names = {.text = STRBUF_INIT};
	struct strbuf text = STRBUF_INIT;
	(void)rootfs_list(fs, "sys/class/net", false, &names);
	for (size_t i = 0; i < names.at.n && i < MAX_INTERFACES; i++) {
		char path[128];
		uint64_t got;
		const char *name = rootfs_name(&names, i);
		(void)snprintf(path, sizeof(path), "sys/class/net/%.64s/ifindex", name);
		if (strlen(name) < IFNAMSIZ && rootfs_read(fs, path, 64, &text) > 0 &&
		    parse_u64(text.buf, text.len, &got) == 0 && got == index) {
			add_tap(n, name, true);
			break;
		}
	}
	strbuf_release(&text);
	rootfs_names_release(&names);
}

static void look_at_fd(struct network *n, struct rootfs *fs, const char *fd, struct strbuf *text)
{
	static const char tun[] = "/dev/net/tun", macvtap[] = "/dev/tap";
	char path[96], name[IFNAMSIZ];
	uint64_t index;
	(void)snprintf(path, sizeof(path), "proc/%s/fd/%.20s", n->pid, fd);
	if (rootfs_readlink(fs, path, text) < 0)
		return;
	size_t len = sizeof(macvtap) - 1;
	if (strncmp(text->buf, macvtap, len) == 0 && parse_u64(text->buf + len, text->len - len, &index) == 0) {
		add_macvtap(n, fs, index);
	} else if (strcmp(text->buf, tun) == 0) {
		(void)snprintf(path, sizeof(path), "proc/%s/fdinfo/%.20s", n->pid, fd);
		if (rootfs_read(fs, path, 4096, text) > 0 && tun_name_parse(text->buf, text->len, name))
			add_tap(n, name, false);
	}
}

static void find_taps(struct network *n, struct rootfs *fs)
{
	struct rootfs_names names = {.text = STRBUF_INIT};
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	char path[64];
	(void)snprintf(path, sizeof(path), "proc/%s/fd", n->pid);
	int r = rootfs_list(fs, path, false, &names);
	for (size_t i = 0; r == 0 && i < names.at.n; i++)
		look_at_fd(n, fs, rootfs_name(&names, i), &text);
	rootfs_names_release(&names);
	if (n->taps_n)
		n->none = metric_ok(0);
	else if (r < 0)
		n->none = metric_errno(r, "which taps are its own shows in /proc/PID/fd, readable by root");
	else
		n->none = metric_none(METRIC_ABSENT, "no tap: a user-mode network is not separable from the VMM");
}

/*
 * "net:[4026532548]"; without the right to read PID 1's link, the inode of net/dev tells namespaces apart as well: all
 * of them, as one is compared with another.
 */
static uint64_t net_identity(struct network *n, struct rootfs *fs, const struct isolation_host *host,
                             const struct process_told *told, bool *ret_host)
{
	static const uint64_t by_inode = 1ULL << 63;
	cleanup_strbuf struct strbuf link = STRBUF_INIT;
	char path[64];
	struct stat st;
	uint64_t v;
	(void)snprintf(path, sizeof(path), "proc/%s/net/dev", n->pid);
	if (told && host->ns[NS_NET]) {
		*ret_host = told->ns[NS_NET] == NS_HOST;
		return told->net_ns;
	}
	if (!host->ns[NS_NET] && host->net_inode && rootfs_stat(fs, path, &st) == 0) {
		*ret_host = st.st_ino == host->net_inode;
		return by_inode | st.st_ino;
	}
	(void)snprintf(path, sizeof(path), "proc/%s/ns/net", n->pid);
	int r = rootfs_readlink(fs, path, &link);
	n->none = r == -EACCES || r == -EPERM ? metric_none(METRIC_DENIED, "its network namespace may not be seen")
	                                      : metric_none(METRIC_ABSENT, "its network namespace is not known");
	if (r < 0 || strncmp(link.buf, "net:[", 5) != 0 || parse_u64(link.buf + 5, strcspn(link.buf + 5, "]"), &v) < 0)
		return 0;
	*ret_host = host->ns[NS_NET] && strcmp(link.buf, host->ns[NS_NET]) == 0;
	return host->ns[NS_NET] ? v : 0;
}

void network_look(struct network *n, struct rootfs *fs, const struct isolation_host *host, struct isolated of, bool vm)
{
	bool is_host = false;
	network_release(n, fs);
	n->looked = true;
	(void)snprintf(n->pid, sizeof(n->pid), "%d", (int)of.pid);
	n->ns = net_identity(n, fs, host, of.told, &is_host);
	if (vm) {
		n->sysfs = is_host;
		find_taps(n, fs);
		n->ns = 0; /* taps are its own, whoever shares the namespace */
	} else if (!n->ns) {
		return; /* net_identity said why */
	} else if (is_host) {
		n->none = metric_none(METRIC_ABSENT, "it uses the host's network");
		n->ns = 0;
	} else {
		n->none = metric_ok(0);
	}
}

void network_release(struct network *n, struct rootfs *fs)
{
	if (fs && n->looked) {
		kfile_close(fs, &n->dev);
		for (size_t i = 0; i < n->taps_n; i++) {
			kfile_close(fs, &n->taps[i].rx);
			kfile_close(fs, &n->taps[i].tx);
		}
	}
	free(n->taps);
	*n = (struct network){.dev = KFILE_INIT, .none = {.why = "not looked at yet"}};
}

static int sysfs_counter(struct rootfs *fs, struct kfile *k, const char *name, const char *which, const char *field,
                         uint64_t *ret)
{
	char path[96], buf[64];
	(void)snprintf(path, sizeof(path), "sys/class/net/%s/statistics/%s", name, which);
	ssize_t r = kfile_read(fs, k, path, buf, sizeof(buf));
	rootfs_cite_file(fs, field, path);
	return r < 0 ? (int)r : parse_u64(buf, (size_t)r, ret);
}

static int sample_sysfs(struct network *n, struct rootfs *fs, double *rx, double *tx)
{
	static const char rx_field[] = "net.rx_bytes_per_sec", tx_field[] = "net.tx_bytes_per_sec";
	int r = 0;
	for (size_t i = 0; i < n->taps_n && r == 0; i++) {
		struct net_tap *t = &n->taps[i];
		uint64_t in = 0, out = 0;
		r = sysfs_counter(fs, &t->rx, t->name, "rx_bytes", t->macvtap ? rx_field : tx_field, &in);
		if (r == 0)
			r = sysfs_counter(fs, &t->tx, t->name, "tx_bytes", t->macvtap ? tx_field : rx_field, &out);
		*rx += (double)(t->macvtap ? in : out);
		*tx += (double)(t->macvtap ? out : in);
	}
	return r;
}

void network_sample(struct network *n, struct rootfs *fs, char *buf, size_t size, struct sample *s)
{
	char path[64];
	double rx = 0, tx = 0;
	s->net_rx_bytes = s->net_tx_bytes = n->none;
	if (!metric_is_ok(n->none))
		return;
	if (n->sysfs && sample_sysfs(n, fs, &rx, &tx) == 0) {
		s->net_rx_bytes = metric_ok(rx);
		s->net_tx_bytes = metric_ok(tx);
		return;
	}
	n->sysfs = false; /* moved into another namespace after it was opened */
	(void)snprintf(path, sizeof(path), "proc/%s/net/dev", n->pid);
	ssize_t r = kfile_read_records(fs, &n->dev, path, buf, size);
	if (r == -EFBIG)
		s->net_rx_bytes = s->net_tx_bytes =
		        metric_none(METRIC_ABSENT, "it has more interfaces than are added up");
	else if (r < 0)
		s->net_rx_bytes = s->net_tx_bytes = metric_errno((int)r, "/proc/PID/net/dev could not be read");
	else if (net_dev_parse(buf, (size_t)r, n->taps, n->taps_n, &rx, &tx) == 0 && n->taps_n)
		s->net_rx_bytes = s->net_tx_bytes =
		        metric_none(METRIC_ABSENT, "its taps are in another network namespace than its VMM");
	else {
		s->net_rx_bytes = metric_ok(rx);
		s->net_tx_bytes = metric_ok(tx);
	}
}
