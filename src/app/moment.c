#include "app/moment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "vctop/base/parse.h"

#define DAY_USEC (86400 * INT64_C(1000000))
#define GAP_SEC 60.0

static int digits(const char *s, size_t n)
{
	int v = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

/* HH:MM or HH:MM:SS of the local day of `day_usec`. */
static int time_of_day(const char *s, int64_t day_usec, int64_t *ret_usec)
{
	size_t n = strlen(s);
	time_t day = (time_t)(day_usec / 1000000);
	struct tm tm;
	if ((n != 5 && n != 8) || s[2] != ':' || (n == 8 && s[5] != ':') || !localtime_r(&day, &tm))
		return -EINVAL;
	tm.tm_hour = digits(s, 2);
	tm.tm_min = digits(s + 3, 2);
	tm.tm_sec = n == 8 ? digits(s + 6, 2) : 0;
	tm.tm_isdst = -1;
	if (tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60)
		return -EINVAL;
	*ret_usec = (int64_t)mktime(&tm) * 1000000;
	return 0;
}

/* What is missing of a time is the earliest it can be. */
static int time_prefix(const char *s, int64_t *ret_usec)
{
	static const char rest[] = "0000-01-01T00:00:00Z";
	char full[64];
	size_t n = strlen(s), whole = sizeof(rest) - 1;
	if (n < 4 || n + 2 > sizeof(full))
		return -EINVAL;
	if (parse_rfc3339(s, n, ret_usec) == 0)
		return 0;
	(void)snprintf(full, sizeof(full), "%s%s", s, n < whole ? rest + n : strchr(s, '.') ? "Z" : "");
	return parse_rfc3339(full, strlen(full), ret_usec);
}

int moment_parse(const char *text, int64_t shown, int64_t first, int64_t last, int64_t *ret_usec)
{
	int64_t usec;
	if (time_of_day(text, shown, &usec) < 0)
		return time_prefix(text, ret_usec);
	int64_t other = usec > last ? shown - DAY_USEC : shown + DAY_USEC, there;
	/* A minute's name means all of it: 10:30 is there when the recording begins at 10:30:12. */
	if ((usec > last || usec + 60000000 <= first) && time_of_day(text, other, &there) == 0 && there <= last &&
	    there + 60000000 > first)
		usec = there;
	*ret_usec = usec;
	return 0;
}

double moment_gap(const struct frame *f, int64_t last_usec, int64_t next_usec)
{
	double sec = (double)(next_usec - last_usec) / 1e6;
	return sec > GAP_SEC + 10 * f->interval_sec ? sec : 0;
}

int64_t moment_wait(const struct frame *f, int64_t last_usec, int64_t next_usec, double speed)
{
	int64_t usec = next_usec - f->snap->host.real_usec;
	if (usec <= 0)
		return 0;
	return moment_gap(f, last_usec, next_usec) > 0 ? 1000000 : (int64_t)((double)usec / speed);
}
