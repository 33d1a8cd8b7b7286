/*
 * A reader of JSON text that takes what it is asked for and passes over the rest: no tree, no allocation, no recursion.
 * For long lines of which little is wanted; everything else goes through jansson.
 *
 *   struct json_scan s = {line, line + len, false};
 *   if (json_scan_open(&s, '{'))
 *           while (json_scan_key(&s, &key, &n))
 *                   ... json_scan_number(&s, &d), json_scan_text(&s, ...), or json_scan_skip(&s);
 *
 * Each value must be taken or skipped.  `bad` stays set once the text turned out not to be JSON as jansson takes it (or
 * to be stranger than this reader cares for): everything then returns false, and nothing that was read may be used.
 */
#ifndef VCTOP_BASE_JSON_SCAN_H
#define VCTOP_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct json_scan {
	const char *p, *end;
	bool bad;
};

/* Goes into an object ('{') or array ('['). false: the value is another, and untouched. */
bool json_scan_open(struct json_scan *s, char bracket);
/* The next key of the object, without quotes, escapes as they are. false: its end was passed. */
bool json_scan_key(struct json_scan *s, const char **ret, size_t *ret_len);
/* Is there a further item in the array? false: its end was passed. */
bool json_scan_item(struct json_scan *s);
bool json_scan_skip(struct json_scan *s);
/* false: the value is another, and untouched. */
bool json_scan_number(struct json_scan *s, double *ret);
bool json_scan_null(struct json_scan *s);
bool json_scan_bool(struct json_scan *s, bool *ret);
/* Between the quotes, escapes as they are. */
bool json_scan_text(struct json_scan *s, const char **ret, size_t *ret_len);
/* Nothing but blanks is left. */
bool json_scan_end(struct json_scan *s);

#endif
