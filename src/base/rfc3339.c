/* Times of recordings: strict where a mistake would shift history, free where writers differ (fraction, offset). */
#include <errno.h>
#include <time.h>

#include "vctop/base/parse.h"

/* n digits to a number; false when one is none. */
static bool digits(const char *s, size_t n, int *ret)
{
	int v = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (s[i] - '0');
	}
	*ret = v;
	return true;
}

/* ".123" of any length: usec, further digits cut. Returns the characters taken, 0 malformed. */
static size_t fraction(const char *s, size_t len, int64_t *ret_usec)
{
	int64_t v = 0, unit = 100000;
	size_t i = 1;
	for (; i < len && s[i] >= '0' && s[i] <= '9'; i++, unit /= 10)
		v += (s[i] - '0') * unit;
	*ret_usec = v;
	return i > 1 ? i : 0;
}

/* "Z" or "+01:30": seconds east of UTC. */
static bool offset(const char *s, size_t len, int *ret_sec)
{
	int h, m;
	if (len == 1 && (*s == 'Z' || *s == 'z')) {
		*ret_sec = 0;
		return true;
	}
	if (len != 6 || (*s != '+' && *s != '-') || s[3] != ':' || !digits(s + 1, 2, &h) || !digits(s + 4, 2, &m) ||
	    h > 23 || m > 59)
		return false;
	*ret_sec = (h * 60 + m) * 60 * (*s == '-' ? -1 : 1);
	return true;
}

static bool valid_day(int y, int mon, int day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	return y >= 1970 && mon >= 1 && mon <= 12 && day >= 1 && day <= days[mon - 1] + (mon == 2 && leap);
}

int parse_rfc3339(const char *buf, size_t len, int64_t *ret_usec)
{
	int y, mon, day, h, min, sec, east;
	int64_t usec = 0;
	size_t used = 0;
	if (len < 20 || buf[4] != '-' || buf[7] != '-' || (buf[10] != 'T' && buf[10] != 't' && buf[10] != ' ') ||
	    buf[13] != ':' || buf[16] != ':')
		return -EINVAL;
	if (!digits(buf, 4, &y) || !digits(buf + 5, 2, &mon) || !digits(buf + 8, 2, &day) || !digits(buf + 11, 2, &h) ||
	    !digits(buf + 14, 2, &min) || !digits(buf + 17, 2, &sec))
		return -EINVAL;
	if (!valid_day(y, mon, day) || h > 23 || min > 59 || sec > 60)
		return -EINVAL;
	if (buf[19] == '.' && !(used = fraction(buf + 19, len - 19, &usec)))
		return -EINVAL;
	if (!offset(buf + 19 + used, len - 19 - used, &east))
		return -EINVAL;
	struct tm tm = {
	        .tm_year = y - 1900, .tm_mon = mon - 1, .tm_mday = day, .tm_hour = h, .tm_min = min, .tm_sec = sec};
	*ret_usec = ((int64_t)timegm(&tm) - east) * 1000000 + usec;
	return 0;
}
