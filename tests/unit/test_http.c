/* What a VMM answers over its socket, whole and in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lab/tool/http.h"
#include "vctop/base/vec.h"

static const struct {
	const char *text;
	int r, status;
	const char *body;
} rows[] = {
        {"HTTP/1.1 204 \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n\r\n", 1, 204, ""},
        {"HTTP/1.1 204 No Content\r\n\r\n", 1, 204, ""},
        {"HTTP/1.1 400 \r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n{\"fault_message\":\"no\"}", 1,
         400, "{\"fault_message\":\"no\"}"},
        {"HTTP/1.0 500 \r\ncontent-length:2 \r\n\r\nnoand more", 1, 500, "no"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1, 200, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour", 0, 0, NULL},
        {"HTTP/1.1 200 OK\r\nContent-Le", 0, 0, NULL},
        {"", 0, 0, NULL},
        {"SSH-2.0\r\n\r\n", -EPROTO, 0, NULL},
        {"\r\n\r\n", -EPROTO, 0, NULL},
        {"HTTP/1.1\r\n\r\n", -EPROTO, 0, NULL},
        {"HTTP/1.1 99 \r\n\r\n", -EPROTO, 0, NULL},
        {"HTTP/1.1 2000 \r\n\r\n", -EPROTO, 0, NULL},
        {"HTTP/1.1 200 \r\nContent-Length: 99999999\r\n\r\n", -EPROTO, 0, NULL},
        {"HTTP/1.1 200 \r\nContent-Length: -1\r\n\r\n", -EPROTO, 0, NULL},
};

static void answers_are_taken_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct http_answer a = {0};
		assert_int_equal(http_parse(rows[i].text, strlen(rows[i].text), &a), rows[i].r);
		assert_int_equal(a.status, rows[i].status);
		if (rows[i].body)
			assert_true(a.body_len == strlen(rows[i].body) &&
			            memcmp(a.body, rows[i].body, a.body_len) == 0);
	}
}

static void a_part_is_never_taken_for_all(void **state)
{
	static const char text[] = "HTTP/1.1 400 \r\nContent-Length: 7\r\n\r\nrefused";
	struct http_answer a;
	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_equal(http_parse(text, n, &a), 0);
	assert_int_equal(http_parse(text, sizeof(text) - 1, &a), 1);
}

static void a_head_without_an_end_is_given_up(void **state)
{
	static char text[HTTP_MAX_ANSWER];
	struct http_answer a;
	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(http_parse(text, sizeof(text), &a), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(answers_are_taken_apart),
	        cmocka_unit_test(a_part_is_never_taken_for_all),
	        cmocka_unit_test(a_head_without_an_end_is_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
