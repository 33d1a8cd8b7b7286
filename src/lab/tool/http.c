#include "lab/tool/http.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/tool/local.h"
#include "vctop/base/clock.h"
#include "vctop/base/parse.h"
#include "vctop/base/strbuf.h"
#include "vctop/base/text.h"

int http_parse(const char *text, size_t len, struct http_answer *ret)
{
	const char *end = memmem(text, len, "\r\n\r\n", 4), *cursor = text, *line;
	uint64_t length = 0;
	size_t n;
	if (!end)
		return len >= HTTP_MAX_ANSWER ? -EPROTO : 0;
	if (!parse_line(&cursor, end, &line, &n))
		return -EPROTO;
	int status = parse_http_status(line, n);
	if (status < 0)
		return status;
	while (parse_line(&cursor, end, &line, &n))
		if (parse_http_length(line, n, &length) && length > HTTP_MAX_ANSWER)
			return -EPROTO;
	size_t head = (size_t)(end - text) + 4;
	if (len - head < length)
		return 0;
	*ret = (struct http_answer){status, text + head, (size_t)length};
	return 1;
}

static int send_request(int fd, const char *method, const char *target, const char *body)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	strbuf_fmt(&sb, "%s %s HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n", method, target);
	if (body)
		strbuf_fmt(&sb, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
	else
		strbuf_str(&sb, "\r\n");
	for (size_t done = 0; done < sb.len;) {
		ssize_t n = send(fd, sb.buf + done, sb.len - done, MSG_NOSIGNAL);
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += (size_t)n;
	}
	return 0;
}

static int read_answer(int fd, int64_t until, struct strbuf *text, struct http_answer *ret)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	for (int r; (r = http_parse(text->buf, text->len, ret)) != 1;) {
		int64_t left = until - clock_mono_usec();
		if (r < 0 || left <= 0)
			return r < 0 ? r : -ETIMEDOUT;
		if (poll(&p, 1, (int)(left / 1000) + 1) <= 0)
			continue;
		strbuf_room(text, 4096);
		ssize_t n = read(fd, text->buf + text->len, 4096);
		if (n <= 0)
			return n < 0 ? -errno : -ECONNRESET;
		text->len += (size_t)n;
		text->buf[text->len] = '\0';
	}
	return 0;
}

int http_request(const char *path, const char *method, const char *target, json_t *body, unsigned msec,
                 struct error *err)
{
	int64_t until = clock_mono_usec() + msec * 1000LL;
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	cleanup_free char *json = body ? json_dumps(body, JSON_COMPACT) : NULL;
	cleanup_close int fd = -1;
	struct http_answer answer = {0};
	json_decref(body);
	int r = local_connect(path, 0, &fd);
	if (r == 0)
		r = send_request(fd, method, target, json);
	if (r == 0)
		r = read_answer(fd, until, &text, &answer);
	if (r < 0)
		return error_set(err, -r, "%s %s: %s", method, target, strerror(-r));
	if (answer.status >= 200 && answer.status <= 299)
		return 0;
	cleanup_free char *said = text_clean(xstrndup(answer.body, answer.body_len), 200);
	return error_set(err, EIO, "%s %s: %d %s", method, target, answer.status, said);
}
