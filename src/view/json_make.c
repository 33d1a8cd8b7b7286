/* JSON values as all our documents write them: see the header. */
#include "view/json_make.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *json_make_text(const char *s)
{
	return s ? json_string(s) : json_null();
}

json_t *json_make_real(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

json_t *json_make_number(double v)
{
	return v == floor(v) && fabs(v) < 9007199254740992.0 ? json_integer((json_int_t)v) : json_make_real(v);
}

void json_put_path(json_t *object, const char *path, json_t *value)
{
	const char *dot;
	while ((dot = strchr(path, '.'))) {
		char key[64];
		(void)snprintf(key, sizeof(key), "%.*s", (int)(dot - path), path);
		json_t *inner = json_object_get(object, key);
		if (!inner) {
			inner = json_object();
			(void)json_object_set_new(object, key, inner);
		}
		object = inner;
		path = dot + 1;
	}
	(void)json_object_set_new(object, path, value);
}

void json_say_why(json_t *unavailable, const char *key, struct metric m)
{
	if (!metric_is_ok(m))
		(void)json_object_set_new(
		        unavailable, key,
		        json_sprintf("%s%s%s", metric_state_name(m.st), m.why ? ": " : "", m.why ? m.why : ""));
}

void json_print_line(json_t *o, struct strbuf *out)
{
	char *line = o ? json_dumps(o, JSON_MAKE_FLAGS) : NULL;
	if (line) {
		strbuf_str(out, line);
		strbuf_char(out, '\n');
	}
	free(line);
	json_decref(o);
}
