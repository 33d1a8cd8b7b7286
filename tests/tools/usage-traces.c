/*
 * Recordings of instances whose truth is known:  usage-traces DAYS STEP COUNT [SEED]
 * COUNT instances of each kind below, a vctop.snapshot/1 line every STEP seconds, from a Monday 00:00 UTC.  The kind is
 * the id up to its dash.  The same arguments give the same lines.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GIB (1024.0 * 1024 * 1024)
#define DAY 86400.0
#define START 1794787200 /* 2026-11-16, a Monday */

static uint64_t seed = 1;

/* xorshift64*: the same everywhere, which rand() is not. */
static double uniform(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (double)((seed * 0x2545F4914F6CDD1DU) >> 11) / 9007199254740992.0;
}

static double noise(double by)
{
	double sum = 0;
	for (int i = 0; i < 6; i++)
		sum += uniform();
	return 1 + by * (sum - 3) / 0.7071;
}

struct now {
	double day, hour; /* since the start; of the day */
	int weekday;      /* 0 Monday */
	unsigned n;       /* which of its kind */
};

struct sample {
	double cpu_cap, mem_cap;                    /* < 0: none */
	double cpu, mem;                            /* < 0: not measured */
	double net, throttled, mem_wait, held, oom; /* < 0: not there */
	double mem_full, refault, cap_hits, no_memory;
	const char *state;
};

/* A hill over the working hours. */
static double daytime(const struct now *t)
{
	double x = (t->hour - 14) / 5;
	return t->weekday >= 5 ? 0.1 : exp(-x * x);
}

static void idle(const struct now *t, struct sample *s)
{
	s->cpu_cap = 2 + t->n % 4;
	s->mem_cap = (2 << t->n % 3) * GIB;
	s->cpu = uniform() < 0.004 ? 0.15 * uniform() : 0.008 * noise(0.3);
	s->mem = 0.1 * s->mem_cap * noise(0.01);
	s->net = 150 * noise(0.5);
}

static void idle_no_net(const struct now *t, struct sample *s)
{
	idle(t, s);
	s->net = -1;
}

static void proxy(const struct now *t, struct sample *s)
{
	s->cpu_cap = 4;
	s->mem_cap = 4 * GIB;
	s->cpu = 0.02 * noise(0.2);
	s->mem = 0.3 * GIB;
	s->net = 20000 * (0.2 + daytime(t)) * noise(0.2);
}

static void diurnal_big(const struct now *t, struct sample *s)
{
	s->cpu_cap = 8;
	s->mem_cap = 24 * GIB;
	s->cpu = (0.2 + 1.3 * daytime(t)) * noise(0.2);
	s->mem = (4 + 2 * daytime(t)) * GIB * noise(0.03);
	s->net = 1e5;
}

static void diurnal_fit(const struct now *t, struct sample *s)
{
	s->cpu_cap = 2;
	s->mem_cap = 8 * GIB;
	s->cpu = (0.2 + 1.1 * daytime(t)) * noise(0.15);
	s->mem = (4.5 + 1.2 * daytime(t)) * GIB * noise(0.02);
	s->net = 1e5;
}

static void steady_fit(const struct now *t, struct sample *s)
{
	s->cpu_cap = 1 + t->n % 3;
	s->mem_cap = 2 * GIB;
	s->cpu = s->cpu_cap * 0.6 * noise(0.1);
	s->mem = 1.4 * GIB * noise(0.02);
	s->net = 5e4;
}

static void nightly(const struct now *t, struct sample *s)
{
	s->cpu_cap = 4;
	s->mem_cap = 8 * GIB;
	bool on = t->hour >= 2 && t->hour < 4;
	s->cpu = on ? 3 * noise(0.05) : 0.06 * noise(0.3);
	s->mem = (on ? 5.5 : 1) * GIB * noise(0.02);
	s->net = on ? 1e6 : 500;
}

static void weekend(const struct now *t, struct sample *s)
{
	s->cpu_cap = 4;
	s->mem_cap = 8 * GIB;
	bool on = t->weekday >= 5 && t->hour >= 8 && t->hour < 20;
	s->cpu = on ? 3 * noise(0.05) : 0.02 * noise(0.3);
	s->mem = (on ? 5.5 : 1) * GIB * noise(0.02);
	s->net = on ? 1e6 : 300;
}

static void month_end(const struct now *t, struct sample *s)
{
	s->cpu_cap = 8;
	s->mem_cap = 16 * GIB;
	bool on = t->day >= 14 && t->day < 15; /* the 30th */
	s->cpu = on ? 6.5 * noise(0.05) : 0.3 * noise(0.3);
	s->mem = (on ? 13 : 3) * GIB * noise(0.02);
	s->net = 1e5;
}

/* Grows for twelve days, is killed at its cap, begins again. */
static void leaking(const struct now *t, struct sample *s)
{
	double age = t->day + (t->n % 12), cycle = fmod(age, 12);
	s->cpu_cap = 1;
	s->mem_cap = 4 * GIB;
	s->cpu = 0.6 * noise(0.1);
	s->mem = (0.1 + 0.9 * cycle / 12) * 4 * GIB;
	s->oom = floor(age / 12);
	s->net = 1e5;
}

static void throttled(const struct now *t, struct sample *s)
{
	s->cpu_cap = 0.5;
	s->mem_cap = GIB;
	s->cpu = (0.25 + 0.1 * daytime(t)) * noise(0.1);
	s->throttled = 14 * noise(0.2);
	s->mem = 0.7 * GIB;
	s->net = 1e5;
}

static void mem_pressed(const struct now *t, struct sample *s)
{
	(void)t;
	s->cpu_cap = 2;
	s->mem_cap = GIB;
	s->cpu = 1.2 * noise(0.1);
	s->mem = 0.97 * GIB;
	s->mem_wait = 4 * noise(0.3);
	s->net = 1e5;
}

static void at_cap(const struct now *t, struct sample *s)
{
	(void)t;
	s->cpu_cap = 2;
	s->mem_cap = 2 * GIB;
	s->cpu = fmin(2, 1.98 * noise(0.02));
	s->mem = 1.5 * GIB;
	s->net = 1e5;
}

static void no_cap(const struct now *t, struct sample *s)
{
	s->cpu_cap = s->mem_cap = -1;
	s->cpu = (0.1 + 0.5 * daytime(t)) * noise(0.2);
	s->mem = 2 * GIB;
	s->net = 1e5;
}

static void vm_inside(const struct now *t, struct sample *s)
{
	s->cpu_cap = 2;
	s->mem_cap = 8 * GIB;
	s->cpu = (0.3 + daytime(t)) * noise(0.1);
	s->mem = s->held = (5 + fmin(2, t->day / 4)) * GIB;
	s->net = -1;
}

static void vm_untouched(const struct now *t, struct sample *s)
{
	vm_inside(t, s);
	s->mem_cap = 25 * GIB;
	s->mem = s->held = 5 * GIB;
}

static void blind(const struct now *t, struct sample *s)
{
	steady_fit(t, s);
	s->cpu = -1;
}

/* A load of its own every day, around the point where half would do. */
static void edge(const struct now *t, struct sample *s)
{
	uint64_t day = (uint64_t)t->day * 31 + t->n * 7919 + 13;
	double level = (double)(day * 2654435761U % 1000) / 1000;
	s->cpu_cap = 4;
	s->mem_cap = 8 * GIB;
	s->cpu = (1.45 + 0.6 * level) * noise(0.08);
	s->mem = (2.9 + 1.2 * level) * GIB * noise(0.02);
	s->net = 1e5;
}

/* As low as idle is, and a little higher, by turns. */
static void edge_idle(const struct now *t, struct sample *s)
{
	uint64_t day = (uint64_t)t->day * 17 + t->n * 104729 + 5;
	double level = (double)(day * 2654435761U % 1000) / 1000;
	s->cpu_cap = 2;
	s->mem_cap = 2 * GIB;
	s->cpu = (0.018 + 0.02 * level) * noise(0.15);
	s->mem = 0.5 * GIB * noise(0.01);
	s->net = 200;
}

/* As large as what it fits in, and nothing else to tell it from one that is short. */
static void near_cap(const struct now *t, struct sample *s)
{
	(void)t;
	s->cpu_cap = 2;
	s->mem_cap = GIB;
	s->cpu = 1.2 * noise(0.1);
	s->mem = 0.96 * GIB * noise(0.002);
	s->net = 1e5;
	s->mem_wait = 0.02;
	s->mem_full = 0.01;
	s->refault = s->cap_hits = s->no_memory = 0;
}

/* Reads again what it just had to give up; without swap nobody waits much for a page of a program on a fast disk. */
static void refaulting(const struct now *t, struct sample *s)
{
	near_cap(t, s);
	s->refault = 3e5 * noise(0.3);
}

/* Some wait seldom, but then nobody works. */
static void stalled(const struct now *t, struct sample *s)
{
	near_cap(t, s);
	s->mem = 0.7 * GIB * noise(0.01);
	s->mem_wait = 0.6 * noise(0.1);
	s->mem_full = 0.4 * noise(0.2);
}

static void at_memory_cap(const struct now *t, struct sample *s)
{
	near_cap(t, s);
	s->cap_hits = floor(t->day * 24 * 12 * 3) + t->n;
}

/* Asks for more than there is a few times an hour, is refused, and lives on. */
static void refused(const struct now *t, struct sample *s)
{
	near_cap(t, s);
	s->mem = 0.7 * GIB * noise(0.01);
	s->no_memory = floor(t->day * 24 * 4);
}

/* Its page cache fills the cap and is dropped and read all day long: it lacks nothing. */
static void streaming(const struct now *t, struct sample *s)
{
	near_cap(t, s);
	s->mem = 0.7 * GIB * noise(0.01);
	s->refault = 2e7 * noise(0.3);
	s->cap_hits = floor(t->day * 86400 * 7);
}

static void stopped(const struct now *t, struct sample *s)
{
	idle(t, s);
	s->state = "stopped";
	s->cpu = s->mem = -1;
}

static const struct {
	const char *name;
	void (*make)(const struct now *t, struct sample *s);
} kinds[] = {
        {"idle", idle},
        {"idlenonet", idle_no_net},
        {"proxy", proxy},
        {"diurnalbig", diurnal_big},
        {"diurnalfit", diurnal_fit},
        {"steadyfit", steady_fit},
        {"nightly", nightly},
        {"weekend", weekend},
        {"monthend", month_end},
        {"leaking", leaking},
        {"throttled", throttled},
        {"mempressed", mem_pressed},
        {"atcap", at_cap},
        {"nocap", no_cap},
        {"vminside", vm_inside},
        {"vmuntouched", vm_untouched},
        {"blind", blind},
        {"nearcap", near_cap},
        {"refaulting", refaulting},
        {"stalled", stalled},
        {"atmemcap", at_memory_cap},
        {"refused", refused},
        {"streaming", streaming},
        {"stopped", stopped},
        {"edge", edge},
        {"edgeidle", edge_idle},
};

static void number(const char *key, double v, bool first)
{
	if (v < 0)
		printf("%s\"%s\":null", first ? "" : ",", key);
	else
		printf("%s\"%s\":%.9g", first ? "" : ",", key, v);
}

static void print_instance(const char *kind, unsigned n, const struct sample *s)
{
	bool vm = strncmp(kind, "vm", 2) == 0;
	printf("{\"id\":\"%s-%u\",\"name\":\"%s-%u\",\"kind\":\"%s\",\"state\":\"%s\",\"cpu\":{", kind, n, kind, n,
	       vm ? "vm" : "container", s->state);
	number("allocated_cores", s->cpu_cap, true);
	number("used_cores", s->cpu, false);
	if (s->throttled >= 0)
		number("throttled_pct", s->throttled, false);
	printf("},\"memory\":{");
	number("allocated_bytes", s->mem_cap, true);
	number("used_bytes", s->mem, false);
	if (s->held >= 0)
		number("held_bytes", s->held, false);
	if (s->mem_wait >= 0)
		number("pressure_some_pct", s->mem_wait, false);
	if (s->mem_full >= 0)
		number("pressure_full_pct", s->mem_full, false);
	if (s->refault >= 0)
		number("refault_bytes_per_sec", s->refault, false);
	if (s->cap_hits >= 0)
		number("events_max", s->cap_hits, false);
	if (s->no_memory >= 0)
		number("events_oom", s->no_memory, false);
	if (s->oom >= 0)
		number("oom_kills", s->oom, false);
	printf("}");
	if (s->net >= 0)
		printf(",\"net\":{\"rx_bytes_per_sec\":%.6g,\"tx_bytes_per_sec\":%.6g}", s->net, s->net / 2);
	printf("}");
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: usage-traces DAYS STEP COUNT [SEED]\n");
		return 2;
	}
	double days = atof(argv[1]), step = atof(argv[2]);
	unsigned count = (unsigned)atoi(argv[3]);
	seed = argc > 4 ? (uint64_t)atoll(argv[4]) * 0x9E3779B97F4A7C15U + 1 : 88172645463325252U;
	for (double at = 0; at < days * DAY; at += step) {
		time_t sec = START + (time_t)at;
		struct tm tm;
		char text[64];
		gmtime_r(&sec, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
		printf("{\"schema\":\"vctop.snapshot/1\",\"time\":\"%s\",\"instances\":[", text);
		for (unsigned k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			for (unsigned n = 0; n < count; n++) {
				struct now t = {at / DAY, fmod(at, DAY) / 3600, (int)(at / DAY) % 7, n};
				struct sample s = {.net = -1,
				                   .throttled = -1,
				                   .mem_wait = -1,
				                   .held = -1,
				                   .oom = -1,
				                   .mem_full = -1,
				                   .refault = -1,
				                   .cap_hits = -1,
				                   .no_memory = -1,
				                   .state = "running"};
				kinds[k].make(&t, &s);
				printf("%s", k + n ? "," : "");
				print_instance(kinds[k].name, n, &s);
			}
		printf("]}\n");
	}
	return 0;
}
