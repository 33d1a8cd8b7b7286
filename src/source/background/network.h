/*
 * Bytes an instance received and sent, from its own point of view.
 *
 * A container: the interfaces of its network namespace but lo, from /proc/PID/net/dev of its first process.  An open
 * net/dev holds its namespace: it is closed as soon as the instance is not seen running.
 * A VM: its taps, named by the fds of /dev/net/tun; what the host's end sends the guest receives.
 */
#ifndef SOURCE_NETWORK_H
#define SOURCE_NETWORK_H

#include <net/if.h>

#include "source/background/isolation.h"
#include "vctop/model/sample.h"
#include "vctop/source/rootfs.h"

#define NETWORK_TAPS 16

struct net_tap {
	char name[IFNAMSIZ];
	bool macvtap;        /* its counters are the guest's own view */
	struct kfile rx, tx; /* of sysfs, while it is in the host's namespace */
};

struct network {
	bool looked;
	char pid[16];
	uint64_t ns;        /* identity of its namespace; 0 unknown */
	struct metric none; /* METRIC_OK: there is something to read; else why not */
	bool sysfs;         /* taps in the host's namespace */
	struct kfile dev;
	struct net_tap *taps;
	size_t taps_n;
};

/* Which interfaces are its: slowly. */
void network_look(struct network *n, struct rootfs *fs, const struct isolation_host *host, struct isolated of, bool vm);
void network_release(struct network *n, struct rootfs *fs);
/* Its counters now; buf is scratch. */
void network_sample(struct network *n, struct rootfs *fs, char *buf, size_t size, struct sample *s);

/* Pure: the sum over all interfaces but lo; with taps, over these alone, turned to the guest's view. Found interfaces.
 */
unsigned net_dev_parse(const char *buf, size_t len, const struct net_tap *taps, size_t taps_n, double *ret_rx,
                       double *ret_tx);
/* Pure: "iff:\ttap0" of /proc/PID/fdinfo/N. false: none. */
bool tun_name_parse(const char *buf, size_t len, char name[IFNAMSIZ]);

#endif
