/*
 * A few values out of an XML text that somebody else wrote (libvirt, VirtualBox), by expat.  Pure.  A document type
 * declaration ends the parse: none of these files has one, and entities are how XML eats memory.
 */
#ifndef SOURCE_XML_H
#define SOURCE_XML_H

#include <stddef.h>

struct xml_visitor {
	/* path: "domstatus/domain/name"; atts: name, value, ..., NULL.  Strings live during the call only. */
	void (*start)(void *data, const char *path, const char *const *atts);
	/* The text directly inside an element, at its end, without the white space around it. NULL: not wanted. */
	void (*text)(void *data, const char *path, const char *text);
	void *data;
};

/* 0; -EINVAL: malformed or with a DTD; what came before was visited. */
int xml_walk(const char *buf, size_t len, const struct xml_visitor *v);
/* The value of an attribute; NULL none. */
const char *xml_att(const char *const *atts, const char *name);

#endif
