/* What was concluded about an instance, and from what.  A verdict without OK evidence is unknown or learning. */
#ifndef VCTOP_MODEL_VERDICT_H
#define VCTOP_MODEL_VERDICT_H

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
enum confidence { CONFIDENCE_SNAPSHOT, CONFIDENCE_LOW, CONFIDENCE_FAIR, CONFIDENCE_GOOD, CONFIDENCE_HIGH, CONFIDENCE_MAX };

struct verdict {
	enum verdict_state state;
	enum verdict_now now;
	const char *rule;   /* id of the rule that decided: "lifetime-cpu-markov" */
	const char *reason; /* one sentence with the numbers */
	enum verdict_basis basis;
	double observed_sec;
	enum confidence confidence;
	struct metric recommended_cores, recommended_bytes;
	struct metric slack_cores, slack_bytes; /* allocation - recommended, floor 0 */
};

const char *verdict_state_name(enum verdict_state s); /* "right_sized" */
const char *verdict_now_name(enum verdict_now n);     /* NULL for unknown and normal, as in the JSON contract */
const char *verdict_basis_name(enum verdict_basis b);
const char *confidence_name(enum confidence c);

#endif
