#include "vctop/base/units.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "vctop/base/attr.h"

char *units_bytes(char *buf, size_t size, double bytes)
{
	static const char suffix[] = "BKMGTPE";
	size_t i = 0;
	while (fabs(bytes) >= 1023.5 && i + 2 < sizeof(suffix)) {
		bytes /= 1024;
		i++;
	}
	/* Three significant digits, so that a column never needs more than "1023K". */
	int digits = i == 0 || fabs(bytes) >= 99.95 ? 0 : 1;
	(void)snprintf(buf, size, "%.*f%c", digits, bytes, suffix[i]);
	return buf;
}

char *units_cores(char *buf, size_t size, double cores)
{
	int digits = fabs(cores) < 9.995 ? 2 : fabs(cores) < 99.95 ? 1 : 0;
	(void)snprintf(buf, size, "%.*f", digits, cores);
	return buf;
}

char *units_percent(char *buf, size_t size, double pct)
{
	(void)snprintf(buf, size, "%.*f%%", fabs(pct) < 9.95 ? 1 : 0, pct);
	return buf;
}

char *units_rate(char *buf, size_t size, double per_sec)
{
	char b[16];
	(void)snprintf(buf, size, "%s/s", units_bytes(b, sizeof(b), per_sec));
	return buf;
}

char *units_duration(char *buf, size_t size, double sec)
{
	long long s = sec < 0 ? 0 : sec > 1e12 ? 1000000000000LL : (long long)sec;
	if (s < 60)
		(void)snprintf(buf, size, "%llds", s);
	else if (s < 3600)
		(void)snprintf(buf, size, "%lldm", s / 60);
	else if (s < 86400)
		(void)snprintf(buf, size, "%lldh%02lldm", s / 3600, s % 3600 / 60);
	else
		(void)snprintf(buf, size, "%lldd%02lldh", s / 86400, s % 86400 / 3600);
	return buf;
}

char *units_interval(char *buf, size_t size, double sec, bool ascii)
{
	const char *const unit[] = {"s", "ms", ascii ? "us" : "µs", "ns"};
	size_t i = 0;
	/* Three significant digits; 0.9995 would be shown as 1000 of the smaller unit. */
	while (sec != 0 && i + 1 < ARRAY_SIZE(unit) && fabs(sec) < 0.9995) {
		sec *= 1000;
		i++;
	}
	int digits = fabs(sec) < 9.995 ? 2 : fabs(sec) < 99.95 ? 1 : 0;
	(void)snprintf(buf, size, "%.*f%s", sec == 0 ? 0 : digits, sec, unit[i]);
	return buf;
}

char *units_rfc3339(char *buf, size_t size, int64_t real_usec)
{
	time_t sec = (time_t)(real_usec / 1000000);
	struct tm tm;
	(void)gmtime_r(&sec, &tm);
	(void)snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
	               tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(real_usec / 1000 % 1000));
	return buf;
}
