/*
 * What was, for graphs: a few numbers of each instance and of the host at each reading, in bounded memory.  Two rings
 * each: every reading of the last ten minutes or so, and the means of a few, for the hour.  Pure: time comes from the
 * frames.
 */
#ifndef VCTOP_MODEL_TREND_H
#define VCTOP_MODEL_TREND_H

#include <stddef.h>
#include <stdint.h>

#include "vctop/model/frame.h"

/* Of the host, given is what was given to all instances. */
enum trend_series {
	TREND_CPU_USED, /* cores */
	TREND_CPU_GIVEN,
	TREND_MEM_USED, /* bytes */
	TREND_MEM_HELD,
	TREND_MEM_GIVEN,
	TREND_IO_READ, /* bytes a second */
	TREND_IO_WRITE,
	TREND_NET_RX,
	TREND_NET_TX,
	TREND_CPU_PRESSURE, /* per cent */
	TREND_MEM_PRESSURE,
	TREND_MAX
};

struct trends; /* of all */
struct trend;  /* of one */

struct trends *trends_new(void);
void trends_free(struct trends *b);
/* One more reading, later than all before it; an earlier one (a jump in a recording) begins anew. */
void trends_add(struct trends *b, const struct frame *f);
/* NULL: nothing is known of it. id NULL: the host. */
const struct trend *trends_find(const struct trends *b, const char *id);
/*
 * The last n values up to a time, oldest first, one for each reading (coarse: for each few); NAN where there was none.
 * Returns how many of them stand for a reading, and the time from the first of these to the last.
 */
size_t trend_values(const struct trends *b, const struct trend *t, enum trend_series s, bool coarse, int64_t until_usec,
                    double *ret, size_t n, double *ret_span_sec);
size_t trends_bytes(const struct trends *b);

#endif
