/* Isolation in one short line: what holds it back first, what it was given last. */
#include <stdio.h>
#include <string.h>

#include "source/background/isolation_subject.h"
#include "vctop/base/strbuf.h"

static void add_rights(struct strbuf *sb, const struct subject *s, const struct isolation *i)
{
	if (i->user && metric_is_ok(i->uid) && strcmp(i->user, "root") != 0)
		strbuf_fmt(sb, "; %s %.0f", strcmp(i->user, "user") == 0 ? "uid" : i->user, i->uid.v);
	else if (i->user)
		strbuf_fmt(sb, "; %s", i->user);
	if (metric_is_ok(i->all_capabilities) && i->all_capabilities.v != 0)
		strbuf_str(sb, "; all caps");
	else if (i->capabilities && s->status.cap_eff)
		strbuf_fmt(sb, "; %d caps", __builtin_popcountll(s->status.cap_eff));
	else if (i->capabilities)
		strbuf_str(sb, "; no caps");
	if (i->seccomp && strcmp(i->seccomp, "off") == 0)
		strbuf_str(sb, "; no seccomp");
	else if (i->seccomp)
		strbuf_fmt(sb, "; seccomp %s", i->seccomp);
	if (i->lsm && strncmp(i->lsm, "unconfined", 10) != 0)
		strbuf_fmt(sb, "; %s", i->lsm);
}

static void add_own(struct strbuf *sb, const struct isolation *i)
{
	unsigned own = 0, known = 0;
	for (enum ns_type t = 0; t < NS_MAX; t++) {
		known += i->ns[t] != NS_UNKNOWN;
		if (i->ns[t] == NS_OWN)
			strbuf_fmt(sb, "%s%s", own++ ? " " : "own: ", ns_type_name(t));
	}
	if (!own)
		strbuf_str(sb, known ? "no namespace of its own" : "namespaces unknown");
}

char *isolation_summary(const struct subject *s, const struct isolation *i)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	if (metric_is_ok(i->privileged) && i->privileged.v != 0)
		strbuf_str(&sb, "privileged; ");
	add_own(&sb, i);
	add_rights(&sb, s, i);
	if (metric_is_ok(i->read_only_root) && i->read_only_root.v != 0)
		strbuf_str(&sb, "; read-only /");
	if (i->host_mounts)
		strbuf_fmt(&sb, "; holds the host's %s", i->host_mounts);
	return arena_strdup(s->arena, sb.buf);
}

void isolation_guard(const struct subject *s, const char *name, struct isolation *i)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT, own = STRBUF_INIT;
	const char *as = !metric_is_ok(i->uid) ? "unknown user" : i->uid.v == 0 ? "root" : NULL;
	char uid[32];
	if (!as) {
		(void)snprintf(uid, sizeof(uid), "uid %.0f", i->uid.v);
		as = uid;
	}
	const char *filter = !i->seccomp                      ? "seccomp unknown"
	                     : strcmp(i->seccomp, "off") == 0 ? "no seccomp"
	                                                      : "seccomp";
	i->summary = arena_fmt(s->arena, "own kernel; guarded by %s as %s, %s", name, as, filter);
	strbuf_fmt(&sb, "%s as %s", name, as);
	struct isolation rights = {.all_capabilities = i->all_capabilities,
	                           .capabilities = i->capabilities,
	                           .seccomp = i->seccomp,
	                           .lsm = i->lsm};
	add_rights(&sb, s, &rights);
	add_own(&own, i);
	if (strncmp(own.buf, "own: ", 5) == 0)
		strbuf_fmt(&sb, "; its %s", own.buf);
	i->guard = arena_strdup(s->arena, sb.buf);
}
