/* What was concluded about an instance, and from what.  A verdict without OK evidence is unknown or learning. */
#ifndef VCTOP_MODEL_VERDICT_H
#define VCTOP_MODEL_VERDICT_H

#include <stdint.h>

#include "vctop/model/metric.h"

enum verdict_state {
	VERDICT_UNKNOWN,
	VERDICT_LEARNING,
	VERDICT_PARKED,
	VERDICT_UNLIMITED,
	VERDICT_RIGHT_SIZED,
	VERDICT_OVERSIZED,
	VERDICT_IDLE,
	VERDICT_PRESSURED,
	VERDICT_STATE_MAX
};
enum verdict_now { NOW_UNKNOWN, NOW_LOW, NOW_NORMAL, NOW_BUSY, NOW_PRESSURED, NOW_MAX };
enum verdict_basis { BASIS_WINDOW, BASIS_LIFETIME, BASIS_HISTORY, BASIS_MAX };
enum confidence {
	CONFIDENCE_SNAPSHOT,
	CONFIDENCE_LOW,
	CONFIDENCE_FAIR,
	CONFIDENCE_GOOD,
	CONFIDENCE_HIGH,
	CONFIDENCE_MAX
};

struct verdict {
	enum verdict_state state;
	enum verdict_now now;
	enum verdict_basis basis;
	enum confidence confidence;
	bool provisional;    /* idle seen for less than a day: "idle?" */
	unsigned week_hours; /* hours of the week (of 168) in which it was seen; 0 without history */
	const char *rule;    /* id of the rule that decided: "lifetime-cpu-markov" */
	const char *reason;  /* one sentence with the numbers */
	double observed_sec;
	int64_t changed_usec; /* realtime of the last change of state; 0 not known */
	struct metric recommended_cores, recommended_bytes;
	struct metric slack_cores, slack_bytes; /* allocation - recommended, floor 0 */
	struct metric slack_cost;               /* a month, in whatever money the prices are */
	struct metric cold_bytes;               /* held - recommended, floor 0: would come back to the host */
};

const char *verdict_state_name(enum verdict_state s); /* "right_sized": the word of the JSON contract */
const char *verdict_word(const struct verdict *v);    /* what a person reads: "idle?" while it is provisional */
const char *verdict_now_name(enum verdict_now n);     /* NULL for unknown and normal, as in the JSON contract */
const char *verdict_basis_name(enum verdict_basis b);
const char *confidence_name(enum confidence c);

#endif
