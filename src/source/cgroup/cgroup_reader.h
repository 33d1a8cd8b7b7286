/* What cgroup_reader.c (which file is read, where) and cgroup_sample.c (what it says, and when it need not be asked)
 * share. */
#ifndef SOURCE_CGROUP_READER_H
#define SOURCE_CGROUP_READER_H

#include "source/cgroup/bulk.h"
#include "source/cgroup/cgroup.h"

/* memory.stat of a busy group on a big kernel is about 2 KiB; io.stat one line a disk. */
#define READ_SIZE 16384

enum counter {
	COUNT_CPU,      /* v2 cpu.stat | v1 cpuacct.usage */
	COUNT_THROTTLE, /* v1 cpu.stat */
	COUNT_MEMORY,
	COUNT_MEM_STAT,
	COUNT_MEM_EVENTS,
	COUNT_MEM_HITS, /* v2 has them in memory.events */
	COUNT_PEAK,
	COUNT_SWAP,
	COUNT_PIDS,
	COUNT_IO,
	COUNT_CPU_PSI,
	COUNT_MEM_PSI,
	COUNT_EVENTS,
	COUNT_FREEZER,
	COUNT_MAX
};
_Static_assert(COUNT_MAX <= 16, "a bit of lacks for each");

struct cgroup_reader {
	struct cgroup_tree *tree;
	const char *path; /* "/docker/x", whoever made it keeps it; "" is the root */
	char **own;       /* v1: its paths in the controllers' hierarchies (last: in v2), where they differ */
	unsigned places;  /* how often they were looked for, and one */
	uint64_t incarnation;
	struct kfile *file;                 /* of each counter; NULL: none is open */
	struct sample last;                 /* each number as of its last reading */
	struct metric inactive;             /* file pages that are not needed, as of stat_usec */
	int64_t stat_usec;                  /* when memory.stat was read */
	uint64_t stat_pages;                /* memory use then */
	uint64_t stat_rest;                 /* the length of the other lists when memory.stat had all they held */
	uint64_t lru_inactive, lru_active;  /* the lengths of the lists of file pages */
	int64_t lru_usec;                   /* when they were found moved */
	uint64_t lru_rest;                  /* that of the others */
	int64_t rest_usec;                  /* when it was found moved */
	int64_t seldom_usec;                /* when what hardly ever moves was */
	int64_t all_usec;                   /* when all was; 0 not yet */
	int64_t stall_usec;                 /* when pressure and I/O were */
	int64_t cpu_psi_usec, mem_psi_usec; /* when each was from its file */
	int64_t due_usec, stall_due_usec;   /* when they are next, though nothing should move */
	bool quiet;                         /* the last reading of all found nothing moved */
	bool rested;                        /* all but two numbers of the last sample are of an earlier one */
	size_t hint;                        /* where it is found in the bulk */
	const struct bulk_record *told;     /* of this tick; NULL: files are to be asked */
	struct bulk_life life;              /* as last told */
	bool seldom;                        /* in this tick it is the turn of what hardly ever moves */
	bool frozen;                        /* cgroup.events, as of its last reading */
	uint16_t lacks; /* while it stands still: whose files are not there, by bit; looked for again seldom */
};

/* Reads a counter's file. -ENOENT where its controller is on neither version, or not on for this group. */
ssize_t cgroup_reader_read(struct cgroup_reader *r, enum counter c, char *buf, size_t size);
/* Which has been read, but will hardly be again. */
void cgroup_reader_close(struct cgroup_reader *r, enum counter c);
/* told.c: the group as the bulk has it in this tick; NULL: its files are to be read. */
const struct bulk_record *cgroup_reader_told(struct cgroup_reader *r);
/* Dead or re-created under the same name: all is forgotten, and a fresh look tells which. */
void cgroup_reader_reopen(struct cgroup_reader *r);
/* Is its directory still there? */
bool cgroup_reader_exists(const struct cgroup_reader *r);
void cgroup_reader_identify(struct cgroup_reader *r);
/* It rests: what is open but not read in every tick is closed. */
void cgroup_reader_give_way(struct cgroup_reader *r);

#endif
