/* One HTTP/1.1 request over a socket in the file system: what VMMs with a REST interface are told by. */
#ifndef LAB_TOOL_HTTP_H
#define LAB_TOOL_HTTP_H

#include <jansson.h>
#include <stddef.h>

#include "vctop/base/error.h"

#define HTTP_MAX_ANSWER 65536U

/*
 * Sends body (taken; NULL none) and waits for the answer, at most msec.  0: it was 2xx.  -EIO: another, err says what
 * it answered; -ETIMEDOUT; -EPROTO: it is no HTTP; -errno: nobody takes it.
 */
int http_request(const char *path, const char *method, const char *target, json_t *body, unsigned msec,
                 struct error *err);

struct http_answer {
	int status;
	const char *body; /* within the text */
	size_t body_len;
};
/* What there is of an answer.  1: all of it; 0: more to come; -EPROTO.  Pure. */
int http_parse(const char *text, size_t len, struct http_answer *ret);

#endif
