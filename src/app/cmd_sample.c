/* `vctop sample`: start, list, load and stop sample containers and VMs. */
#include "app/app.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vctop/base/attr.h"
#include "vctop/base/clock.h"
#include "vctop/base/parse.h"
#include "vctop/base/strbuf.h"
#include "vctop/base/text.h"
#include "vctop/base/units.h"
#include "vctop/lab/samples.h"

static const char usage_text[] = "usage: vctop sample start container|vm [--cpus N] [--memory SIZE]\n"
                                 "                    [--workload idle|cpu|memory|burst] [--bytes SIZE]\n"
                                 "                    [--name NAME]\n"
                                 "                    [--backend auto|builtin|runc|crun|podman|docker|kvm|tcg|\n"
                                 "                               microvm|microvm-tcg|firecracker|\n"
                                 "                               cloud-hypervisor]\n"
                                 "                    [--owner PID]\n"
                                 "       vctop sample list [--json]\n"
                                 "       vctop sample load NAME idle|cpu|memory|burst|free\n"
                                 "       vctop sample stop NAME... | --all\n"
                                 "\n"
                                 "A sample runs one small program that is idle, uses all of its CPU, holds most of\n"
                                 "its memory (--bytes: this much), or works 1 s of every 10 s.  It stays until it\n"
                                 "is stopped, or until the process given by --owner ends.  load changes what it\n"
                                 "does; free gives the memory back to its kernel, then it is idle.\n";

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

static int complain(const char *verb, int status, const char *fmt, ...) ATTR_PRINTF(3, 4);
static int complain(const char *verb, int status, const char *fmt, ...)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	strbuf_vfmt(&sb, fmt, ap);
	va_end(ap);
	return app_failf(status, "sample%s%s: %s", *verb ? " " : "", verb, sb.buf);
}

static int report_error(const char *verb, int r, const struct error *err)
{
	return complain(verb, r == -EINVAL ? 2 : 1, "%s", err->what[0] ? err->what : strerror(-r));
}

/* getopt's own message names the program, not the command. */
static int bad_option(const char *verb, char **argv, int c)
{
	return complain(verb, 2, c == ':' ? "%s: needs a value" : "%s: unknown option (see vctop sample -h)",
	                app_option(argv));
}

static int print_usage(void)
{
	return fputs(usage_text, stdout) < 0 || fflush(stdout) != 0;
}

/* One option of `start`; exit status, -1: go on. */
static int take_option(struct sample_options *o, int c, const char *value)
{
	uint64_t owner;
	switch (c) {
	case 'c':
		if (parse_double(value, &o->cpus) < 0 || o->cpus <= 0)
			return complain("start", 2, "--cpus: '%s': a number of cores above 0, such as 0.5", value);
		break;
	case 'm':
		if (parse_size(value, &o->memory) < 0 || !o->memory)
			return complain("start", 2, "--memory: '%s': a size such as 64M or 1.5G", value);
		break;
	case 'B':
		if (parse_size(value, &o->bytes) < 0 || !o->bytes)
			return complain("start", 2, "--bytes: '%s': a size such as 64M or 1.5G", value);
		break;
	case 'w':
		o->workload = value;
		break;
	case 'o':
		if (parse_u64(value, strlen(value), &owner) < 0 || owner > INT32_MAX)
			return complain("start", 2, "--owner: '%s': not a process id", value);
		o->owner = (pid_t)owner;
		break;
	case 'b':
		o->backend = value;
		break;
	default:
		o->name = value;
		break;
	}
	return -1;
}

static int parse_start(int argc, char **argv, struct sample_options *o)
{
	static const struct option options[] = {
	        {"cpus", required_argument, NULL, 'c'},
	        {"memory", required_argument, NULL, 'm'},
	        {"workload", required_argument, NULL, 'w'},
	        {"backend", required_argument, NULL, 'b'},
	        {"name", required_argument, NULL, 'n'},
	        {"owner", required_argument, NULL, 'o'},
	        {"bytes", required_argument, NULL, 'B'},
	        {"help", no_argument, NULL, 'h'},
	        {NULL, 0, NULL, 0},
	};
	int c;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":hc:m:w:b:n:", options, NULL)) != -1) {
		int status = c == 'h'               ? print_usage()
		             : c == '?' || c == ':' ? bad_option("start", argv, c)
		                                    : take_option(o, c, optarg);
		if (status >= 0)
			return status;
	}
	if (optind >= argc)
		return complain("start", 2, "what? container or vm");
	if (optind + 1 < argc)
		return complain("start", 2, "'%s': one kind only", argv[optind + 1]);
	o->kind = argv[optind];
	return -1;
}

static const char *limit_cores(char *buf, size_t size, double cpus)
{
	return cpus > 0 ? units_cores(buf, size, cpus) : "max";
}

static const char *limit_bytes(char *buf, size_t size, uint64_t bytes)
{
	return bytes ? units_bytes(buf, size, (double)bytes) : "max";
}

static void print_started(const struct sample_result *res)
{
	launched_vec all = {0};
	struct strbuf sb = STRBUF_INIT;
	char text[16];
	strbuf_fmt(&sb, "started %s: %s, ", res->name, res->backend);
	(void)samples_list(&all, NULL);
	for (size_t i = 0; i < all.n; i++) {
		const struct launched *l = &all.v[i];
		if (strcmp(l->name, res->name) != 0)
			continue;
		strbuf_fmt(&sb, "%s cores, ", l->cpus > 0 ? units_cores(text, sizeof(text), l->cpus) : "unlimited");
		strbuf_fmt(&sb, "%s memory, ",
		           l->memory ? units_bytes(text, sizeof(text), (double)l->memory) : "unlimited");
	}
	launched_release(&all);
	(void)printf("%sready in %.2f s, pid %d\n", sb.buf, res->ready_sec, (int)res->pid);
	if (res->detail[0])
		(void)printf("  %s\n", res->detail);
	strbuf_release(&sb);
}

static int cmd_start(int argc, char **argv)
{
	struct sample_options o = {.cancel = &interrupted};
	struct sample_result res;
	struct error err = {0};
	struct sigaction sa = {.sa_handler = on_signal};
	int status = parse_start(argc, argv, &o);
	if (status >= 0)
		return status;
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGHUP, &sa, NULL);
	int r = sample_start(&o, &res, &err);
	if (r < 0)
		return report_error("start", r, &err);
	print_started(&res);
	return fflush(stdout) != 0;
}

static const char *age(const struct launched *l, char *buf, size_t size)
{
	double sec = (double)(clock_real_usec() - l->started_usec) / 1e6;
	return units_duration(buf, size, sec > 0 ? sec : 0);
}

static void print_table(const launched_vec *all)
{
	char cores[16], bytes[16], since[24];
	int name = 4;
	for (size_t i = 0; i < all->n; i++)
		if ((int)strlen(all->v[i].name) > name)
			name = (int)strlen(all->v[i].name);
	(void)printf("%-*s  %-9s  %-8s  %-8s  %-8s  %6s  %7s  %8s  %s\n", name, "NAME", "KIND", "BACKEND", "WORKLOAD",
	             "STATE", "CORES", "MEMORY", "PID", "AGE");
	for (size_t i = 0; i < all->n; i++) {
		const struct launched *l = &all->v[i];
		(void)printf("%-*s  %-9s  %-8s  %-8s  %-8s  %6s  %7s  %8d  %s\n", name, l->name, l->kind,
		             l->backend ? l->backend : "-", l->workload ? l->workload : "-", l->state,
		             limit_cores(cores, sizeof(cores), l->cpus), limit_bytes(bytes, sizeof(bytes), l->memory),
		             (int)l->pid, age(l, since, sizeof(since)));
	}
}

static json_t *to_json(const struct launched *l)
{
	char started[40];
	json_t *cpus = l->cpus > 0 ? json_real(l->cpus) : json_null();
	json_t *memory = l->memory ? json_integer((json_int_t)l->memory) : json_null();
	json_t *pid = l->pid ? json_integer(l->pid) : json_null();
	return json_pack("{s:s,s:s,s:s?,s:s?,s:s,s:o,s:o,s:o,s:s?,s:s}", "name", l->name, "kind", l->kind, "backend",
	                 l->backend, "workload", l->workload, "state", l->state, "allocated_cores", cpus,
	                 "allocated_bytes", memory, "pid", pid, "container_id", l->ref, "started",
	                 units_rfc3339(started, sizeof(started), l->started_usec));
}

static int print_json(const launched_vec *all)
{
	json_t *list = json_array();
	for (size_t i = 0; i < all->n; i++)
		(void)json_array_append_new(list, to_json(&all->v[i]));
	json_t *o = json_pack("{s:s,s:o}", "schema", "vctop.samples/1", "samples", list);
	int r = o ? json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12)) : -1;
	(void)putchar('\n');
	json_decref(o);
	return r < 0;
}

static int cmd_list(int argc, char **argv)
{
	static const struct option options[] = {
	        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	launched_vec all = {0};
	struct error err = {0};
	bool json = false;
	int c, status = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (c == 'h')
			return print_usage();
		if (c != 'j')
			return bad_option("list", argv, c);
		json = true;
	}
	if (optind < argc)
		return complain("list", 2, "'%s': takes no arguments", argv[optind]);
	(void)samples_clean(NULL, NULL);
	int r = samples_list(&all, &err);
	if (r < 0)
		return report_error("list", r, &err);
	if (json)
		status = print_json(&all);
	else if (all.n)
		print_table(&all);
	launched_release(&all);
	return fflush(stdout) != 0 ? 1 : status;
}

static int cmd_load(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	struct error err = {0};
	int c;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1)
		return c == 'h' ? print_usage() : bad_option("load", argv, c);
	if (argc - optind != 2)
		return complain("load", 2, "needs the name of a sample and one of idle, cpu, memory, burst, free");
	(void)samples_clean(NULL, NULL);
	int r = sample_load(argv[optind], argv[optind + 1], &err);
	return r < 0 ? report_error("load", r, &err) : 0;
}

static int stop_all(void)
{
	struct error err = {0};
	unsigned n = 0;
	int r = samples_stop_all(&n, &err);
	if (n)
		(void)printf("stopped %u %s\n", n, n == 1 ? "sample" : "samples");
	return r < 0 ? report_error("stop", r, &err) : fflush(stdout) != 0;
}

static int cmd_stop(int argc, char **argv)
{
	static const struct option options[] = {
	        {"all", no_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	bool all = false;
	int c, status = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":ha", options, NULL)) != -1) {
		if (c == 'h')
			return print_usage();
		if (c != 'a')
			return bad_option("stop", argv, c);
		all = true;
	}
	if (all != (optind >= argc))
		return complain("stop", 2, all ? "--all or names, not both" : "which? NAME or --all");
	if (all)
		return stop_all();
	for (int i = optind; i < argc; i++) {
		struct error err = {0};
		int r = sample_stop(argv[i], &err);
		if (r < 0)
			status = report_error("stop", r, &err);
		else
			(void)printf("stopped %s\n", argv[i]);
	}
	(void)samples_clean(NULL, NULL);
	return fflush(stdout) != 0 ? 1 : status;
}

int cmd_sample(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	if (strcmp(verb, "-h") == 0 || strcmp(verb, "--help") == 0)
		return print_usage();
	if (strcmp(verb, "start") == 0)
		return cmd_start(argc - 1, argv + 1);
	if (strcmp(verb, "list") == 0)
		return cmd_list(argc - 1, argv + 1);
	if (strcmp(verb, "load") == 0)
		return cmd_load(argc - 1, argv + 1);
	if (strcmp(verb, "stop") == 0)
		return cmd_stop(argc - 1, argv + 1);
	return complain("", 2,
	                *verb ? "'%s': no such command: start, list, load or stop"
	                      : "which? start, list, load or stop%s",
	                verb);
}
