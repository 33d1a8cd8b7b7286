/*
 * JSON that runtimes write.  Little of it is wanted and much of it is long (a state of runc's is mostly its filter of
 * system calls), so a tree is made of what is asked for only.
 */
#include <string.h>

#include "source/runtime/runtime.h"
#include "vctop/base/json_scan.h"

#define MAX_JSON ((size_t)8 << 20)

/* The rest of a path of members: after "config.", of "config.labels"; "" for all of it; NULL: not on this path. */
static const char *below(const char *member, const char *key, size_t n)
{
	if (strcspn(member, ".") != n || memcmp(member, key, n) != 0)
		return NULL;
	return member[n] ? member + n + 1 : member + n;
}

static json_t *take_value(struct json_scan *s)
{
	const char *from = s->p;
	return json_scan_skip(s) ? json_loadb(from, (size_t)(s->p - from), JSON_DECODE_ANY, NULL) : NULL;
}

static json_t *take_object(struct json_scan *s, const char *const *members, size_t n);

/* What is wanted of a member's value; NULL nothing.  All of it takes the place of parts. */
static json_t *take_member(struct json_scan *s, const char *key, size_t len, const char *const *members, size_t n)
{
	const char *inner[FACTS_MEMBERS];
	size_t inner_n = 0;
	for (size_t i = 0; i < n; i++) {
		const char *rest = below(members[i], key, len);
		if (rest && !*rest)
			return take_value(s);
		if (rest)
			inner[inner_n++] = rest;
	}
	if (inner_n && json_scan_open(s, '{'))
		return take_object(s, inner, inner_n);
	return json_scan_skip(s) && inner_n ? json_null() : NULL;
}

/* Behind its bracket. */
static json_t *take_object(struct json_scan *s, const char *const *members, size_t n)
{
	json_t *o = json_object();
	const char *key;
	size_t len;
	while (json_scan_key(s, &key, &len)) {
		/* Who writes keys in escapes may mean one of ours. */
		s->bad = s->bad || memchr(key, '\\', len);
		json_t *value = take_member(s, key, len, members, n);
		cleanup_free char *name = value ? xstrndup(key, len) : NULL;
		if (value)
			(void)json_object_set_new(o, name, value);
	}
	return o;
}

/* NULL: not JSON, or stranger than the quick reader cares for. */
static json_t *parts_of(const struct strbuf *text, const char *const *members, size_t n)
{
	struct json_scan s = {text->buf, text->buf + text->len, false};
	json_t *o = json_scan_open(&s, '{') ? take_object(&s, members, n) : NULL;
	if (o && json_scan_end(&s))
		return o;
	json_decref(o);
	return NULL;
}

json_t *facts_json(struct facts_table *t, const char *path)
{
	return facts_json_of(t, path, NULL, 0);
}

json_t *facts_json_of(struct facts_table *t, const char *path, const char *const *members, size_t n)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	if (rootfs_read(t->fs, path, MAX_JSON, &text) < 0)
		return NULL;
	json_t *o = n ? parts_of(&text, members, n) : NULL;
	if (!o)
		o = json_loadb(text.buf, text.len, 0, NULL);
	if (json_is_object(o))
		return o;
	if (t->notices)
		snapshot_notice(t->notices, path, "not a JSON object: the container is shown by its id", NULL);
	json_decref(o);
	return NULL;
}
