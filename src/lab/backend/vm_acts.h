/* A sample VM with a monitor (struct launch.monitor). */
#ifndef LAB_BACKEND_VM_ACTS_H
#define LAB_BACKEND_VM_ACTS_H

#include "lab/lab.h"

/* Inflates the balloon to what the guest does not need. -ETIMEDOUT: its driver does not answer. */
int vm_inflate(const struct reg *r, const struct launched *l, struct error *err);

/* Presses the power button. */
int vm_press_power(const struct reg *r, const struct launched *l, struct error *err);

#endif
