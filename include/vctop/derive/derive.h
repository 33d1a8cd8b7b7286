/*
 * From snapshots to frames: pure functions, no I/O, no clock.  frame_derive = rates, then verdicts; totals_fill once
 * the verdicts are final.
 */
#ifndef VCTOP_DERIVE_DERIVE_H
#define VCTOP_DERIVE_DERIVE_H

#include "vctop/model/frame.h"
#include "vctop/model/selection.h"

/* Fills ret (cleared first) from cur and the snapshot before it (NULL: none). ret borrows cur. */
void frame_derive(const struct snapshot *prev, const struct snapshot *cur, struct frame *ret);

/* One step each, for tests and for what comes later. */
void rates_fill(const struct snapshot *prev, const struct snapshot *cur, struct frame *ret);
void cores_fill(const struct snapshot *prev, const struct snapshot *cur, struct frame *ret);
void tasks_fill(const struct snapshot *prev, const struct snapshot *cur, struct frame *ret);
void verdict_fill(struct frame *f);
void totals_fill(struct frame *f);

/* What this slack costs a month; not OK without a price. totals_fill does it for a frame, at the frame's prices. */
struct metric slack_cost(struct metric cores, struct metric bytes, const struct prices *p);

/* Fills ret (storage reused) with the rows of f that answer q. */
void select_rows(const struct frame *f, const struct query *q, struct selection *ret);

#endif
