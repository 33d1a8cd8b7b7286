/*
 * An image as it travels: manifest and configuration, read from the registry's own files (or the layout directory's),
 * and what the layers became in the store that pulled them.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lab/story/lifecycle.h"
#include "vctop/base/text.h"

#define MAX_TEXT (1 << 20)
#define REGISTRY "registry/docker/registry/v2"

/* A file below the story's directory. */
static int read_text(const struct life *l, struct strbuf *ret, const char *fmt, ...) ATTR_PRINTF(3, 4);
static int read_text(const struct life *l, struct strbuf *ret, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	cleanup_free char *name = xvasprintf(fmt, ap);
	va_end(ap);
	cleanup_free char *path = xasprintf("%s/%s", l->s.dir + 1, name);
	ssize_t n = rootfs_read(l->fs, path, MAX_TEXT, ret);
	return n < 0 ? (int)n : 0;
}

/* "sha256:" and 64 hex digits: the digits; NULL else. */
static const char *hex_of(const char *digest)
{
	if (!digest || strncmp(digest, "sha256:", 7) != 0 || strspn(digest + 7, "0123456789abcdef") != 64)
		return NULL;
	return digest + 7;
}

static json_t *read_blob(const struct life *l, const char *digest)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	const char *hex = hex_of(digest);
	int r = !hex      ? -EINVAL
	        : l->port ? read_text(l, &text, REGISTRY "/blobs/sha256/%.2s/%.64s/data", hex, hex)
	                  : read_text(l, &text, "layout/blobs/sha256/%.64s", hex);
	return r < 0 ? NULL : json_loadb(text.buf, text.len, 0, NULL);
}

static char *tag_of_layout(const json_t *index, const char *id)
{
	size_t i;
	const json_t *m;
	json_array_foreach(json_object_get(index, "manifests"), i, m)
	{
		const json_t *notes = json_object_get(m, "annotations");
		const char *name = json_string_value(json_object_get(notes, "org.opencontainers.image.ref.name"));
		const char *digest = json_string_value(json_object_get(m, "digest"));
		if (name && digest && strcmp(name, id) == 0)
			return xstrdup(digest);
	}
	return NULL;
}

/* The digest of the manifest that the tag names; heap. */
static char *manifest_digest(const struct life *l, const char *id)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	if (l->port)
		return read_text(l, &text, REGISTRY "/repositories/hello/_manifests/tags/%s/current/link", id) < 0
		               ? NULL
		               : xstrdup(text.buf);
	json_t *index = read_text(l, &text, "layout/index.json") < 0 ? NULL : json_loadb(text.buf, text.len, 0, NULL);
	char *digest = tag_of_layout(index, id);
	json_decref(index);
	return digest;
}

/* What containers-storage keeps of the layer with this digest. */
static struct metric unpacked(const json_t *stored, const char *digest)
{
	size_t i;
	const json_t *y;
	json_array_foreach(stored, i, y)
	{
		const char *theirs = json_string_value(json_object_get(y, "compressed-diff-digest"));
		const json_t *size = json_object_get(y, "diff-size");
		if (theirs && digest && strcmp(theirs, digest) == 0 && json_is_integer(size))
			return metric_ok((double)json_integer_value(size));
	}
	return metric_none(METRIC_ABSENT, "the other store does not tell");
}

/* "COPY file:HASH in /init": the hash of what was copied says nothing to a reader. */
static void cut_hash(char *text)
{
	char *file = strstr(text, "file:"), *in = file ? strstr(file, " in ") : NULL;
	if (in)
		memmove(file, in + 4, strlen(in + 4) + 1);
}

/* "/bin/sh -c #(nop) COPY file:... in /init " and "COPY init /init # buildkit": without what surrounds it. */
static char *instruction(const char *made_by)
{
	static const char nop[] = "#(nop) ";
	const char *at = made_by ? strstr(made_by, nop) : NULL;
	const char *from = at ? at + sizeof(nop) - 1 : made_by ? made_by : "not told";
	from += strspn(from, " ");
	char *text = xstrdup(from);
	char *buildkit = strstr(text, " # buildkit");
	if (buildkit)
		*buildkit = '\0';
	for (size_t n = strlen(text); n > 0 && text[n - 1] == ' ';)
		text[--n] = '\0';
	cut_hash(text);
	return text_clean(text, 200);
}

static void fill(const json_t *config, const json_t *layers, const json_t *stored, life_layer_vec *ret)
{
	size_t i, next = 0;
	const json_t *h;
	json_array_foreach(json_object_get(config, "history"), i, h)
	{
		struct life_layer y = {.empty = json_is_true(json_object_get(h, "empty_layer"))};
		const json_t *blob = y.empty ? NULL : json_array_get(layers, next++);
		const char *digest = json_string_value(json_object_get(blob, "digest"));
		const json_t *size = json_object_get(blob, "size");
		y.made_by = instruction(json_string_value(json_object_get(h, "created_by")));
		y.shipped_bytes = json_is_integer(size) ? metric_ok((double)json_integer_value(size))
		                                        : metric_none(METRIC_ABSENT, "no layer");
		y.unpacked_bytes = blob ? unpacked(stored, digest) : metric_none(METRIC_ABSENT, "no layer");
		vec_push(ret, y);
	}
}

int life_layers(const struct life *l, const char *id, life_layer_vec *ret, struct error *err)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	cleanup_free char *digest = manifest_digest(l, id);
	json_t *manifest = read_blob(l, digest), *stored = NULL;
	const json_t *about = json_object_get(manifest, "config");
	json_t *config = read_blob(l, json_string_value(json_object_get(about, "digest")));
	if (read_text(l, &text, "elsewhere-%s/root/overlay-layers/layers.json", id) == 0)
		stored = json_loadb(text.buf, text.len, 0, NULL);
	fill(config, json_object_get(manifest, "layers"), stored, ret);
	json_decref(stored);
	json_decref(config);
	json_decref(manifest);
	return ret->n ? 0 : error_set(err, ENOENT, "%s: its layers are not told in %s", id, l->ret->registry);
}
