/* Could the memory of a process or a container be checkpointed here? */
#ifndef LAB_COMPARE_CRIU_H
#define LAB_COMPARE_CRIU_H

#include <stddef.h>

/* Why not, as CRIU itself says, in one line; "" it could. Runs `criu check`. */
void criu_look(char *ret, size_t size);
/* The first complaint in what it printed: "Error (criu/vdso.c:613): vdso: no" gives "vdso: no".  Pure. */
void criu_complaint(const char *text, size_t len, char *ret, size_t size);

#endif
