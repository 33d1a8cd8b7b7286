/*
 * A growable array: VEC(int) ids = {0}; vec_push(&ids, 7); for (size_t i = 0; i < ids.n; i++) ... ids.v[i].
 * Elements are owned by the vector as raw bytes; vec_free releases the storage only.
 */
#ifndef VCTOP_BASE_VEC_H
#define VCTOP_BASE_VEC_H

#include <stddef.h>

#define VEC(type)                                                                                                      \
	struct {                                                                                                       \
		type *v;                                                                                               \
		size_t n, cap;                                                                                         \
	}

#define vec_push(vec, item)                                                                                            \
	((vec)->v = vec_room((vec)->v, &(vec)->cap, (vec)->n + 1, sizeof(*(vec)->v)), (vec)->v[(vec)->n++] = (item))

#define vec_free(vec) (vec_release((vec)->v), (vec)->v = NULL, (vec)->n = (vec)->cap = 0)

/* Storage for at least `need` elements; doubles, never shrinks. */
void *vec_room(void *v, size_t *cap, size_t need, size_t size);
void vec_release(void *v);

#endif
