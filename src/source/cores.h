/* The cores one by one, and the memory nodes (NUMA) they belong to. */
#ifndef SOURCE_CORES_H
#define SOURCE_CORES_H

#include "vctop/model/snapshot.h"
#include "vctop/source/rootfs.h"

struct core_reader;

/* Nodes and their cores are read once: they do not change while a machine runs. */
struct core_reader *core_reader_new(struct rootfs *fs);
void core_reader_free(struct core_reader *c);
/* The lines of /proc/stat after the first, as far as they are whole; and the nodes' memory, where there are several. */
void core_reader_sample(struct core_reader *c, const char *stat, size_t len, struct snapshot *ret);

#endif
