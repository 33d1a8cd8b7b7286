#include "source/xml.h"

#include <errno.h>
#include <expat.h>
#include <limits.h>
#include <string.h>

#include "vctop/base/strbuf.h"
#include "vctop/base/vec.h"

#define DEPTH_MAX 64U
#define PATH_MAX_BYTES 1024U
#define TEXT_MAX 4096U

struct walk {
	const struct xml_visitor *v;
	XML_Parser parser;
	struct strbuf path, text;
	VEC(size_t) ends; /* length of the path before each open element */
};

static void on_start(void *data, const XML_Char *name, const XML_Char **atts)
{
	struct walk *w = data;
	if (w->ends.n >= DEPTH_MAX || w->path.len + strlen(name) >= PATH_MAX_BYTES) {
		(void)XML_StopParser(w->parser, XML_FALSE);
		return;
	}
	vec_push(&w->ends, w->path.len);
	if (w->path.len)
		strbuf_char(&w->path, '/');
	strbuf_str(&w->path, name);
	strbuf_clear(&w->text);
	if (w->v->start)
		w->v->start(w->v->data, w->path.buf, (const char *const *)atts);
}

static const char *trim(struct strbuf *sb)
{
	static const char blank[] = " \t\r\n";
	while (sb->len && strchr(blank, sb->buf[sb->len - 1]))
		sb->buf[--sb->len] = '\0';
	return sb->buf + strspn(sb->buf, blank);
}

static void on_end(void *data, const XML_Char *name)
{
	struct walk *w = data;
	(void)name;
	if (w->v->text && w->text.len)
		w->v->text(w->v->data, w->path.buf, trim(&w->text));
	strbuf_clear(&w->text);
	if (!w->ends.n)
		return;
	w->path.len = w->ends.v[--w->ends.n];
	w->path.buf[w->path.len] = '\0';
}

static void on_text(void *data, const XML_Char *s, int n)
{
	struct walk *w = data;
	if (n > 0 && w->text.len + (size_t)n <= TEXT_MAX)
		strbuf_add(&w->text, s, (size_t)n);
}

static void on_doctype(void *data, const XML_Char *name, const XML_Char *sys, const XML_Char *pub, int subset)
{
	struct walk *w = data;
	(void)name;
	(void)sys;
	(void)pub;
	(void)subset;
	(void)XML_StopParser(w->parser, XML_FALSE);
}

int xml_walk(const char *buf, size_t len, const struct xml_visitor *v)
{
	struct walk w = {.v = v, .parser = XML_ParserCreate(NULL), .path = STRBUF_INIT, .text = STRBUF_INIT};
	if (!w.parser)
		return -ENOMEM;
	XML_SetUserData(w.parser, &w);
	XML_SetElementHandler(w.parser, on_start, on_end);
	XML_SetCharacterDataHandler(w.parser, on_text);
	XML_SetStartDoctypeDeclHandler(w.parser, on_doctype);
	int r = len <= INT_MAX && XML_Parse(w.parser, buf, (int)len, 1) == XML_STATUS_OK ? 0 : -EINVAL;
	XML_ParserFree(w.parser);
	strbuf_release(&w.path);
	strbuf_release(&w.text);
	vec_free(&w.ends);
	return r;
}

const char *xml_att(const char *const *atts, const char *name)
{
	for (size_t i = 0; atts && atts[i] && atts[i + 1]; i += 2)
		if (strcmp(atts[i], name) == 0)
			return atts[i + 1];
	return NULL;
}
