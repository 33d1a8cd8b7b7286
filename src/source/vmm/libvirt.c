/*
 * libvirt's files: /run/libvirt/qemu/NAME.xml (<domstatus>: a running domain, with the threads of its vCPUs) and
 * /etc/libvirt/qemu/NAME.xml (<domain>: defined, running or not).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/hex.h"
#include "source/vm/vm_names.h"
#include "source/vmm/args.h"
#include "source/xml.h"
#include "vctop/base/attr.h"
#include "vctop/base/parse.h"

#define VCPU_TIDS_MAX 4096U

struct reading {
	struct vm_fact *f;
	char unit[16];
	bool domain, skip_disk;
};

static pid_t pid_of(const char *text)
{
	return (pid_t)vmm_count_of(text, INT32_MAX);
}

static void on_status(struct reading *r, const char *path, const char *const *atts)
{
	const char *state = xml_att(atts, "state");
	if (strcmp(path, "domstatus") == 0) {
		r->f->pid = pid_of(xml_att(atts, "pid"));
		r->f->paused = state && (strcmp(state, "paused") == 0 || strcmp(state, "pmsuspended") == 0);
	} else if (strcmp(path, "domstatus/vcpus/vcpu") == 0 && r->f->vcpu_tids.n < VCPU_TIDS_MAX) {
		pid_t tid = pid_of(xml_att(atts, "pid"));
		if (tid)
			vec_push(&r->f->vcpu_tids, tid);
	}
}

static void on_disk(struct reading *r, const char *path, const char *const *atts)
{
	const char *device = xml_att(atts, "device"), *from = xml_att(atts, "file");
	if (strcmp(path, "devices/disk") == 0) {
		r->skip_disk = device && strcmp(device, "disk") != 0;
		return;
	}
	from = from ? from : xml_att(atts, "dev");
	from = from ? from : xml_att(atts, "name");
	if (!r->skip_disk && !r->f->image && from)
		r->f->image = vmm_text(from, VMM_PATH_MAX);
}

static void on_start(void *data, const char *path, const char *const *atts)
{
	struct reading *r = data;
	on_status(r, path, atts);
	if (strncmp(path, "domstatus/", 10) == 0)
		path += 10;
	if (strcmp(path, "domain") == 0) {
		const char *type = xml_att(atts, "type");
		r->domain = true;
		r->f->kvm = type && strcmp(type, "kvm") == 0;
	}
	if (strncmp(path, "domain/", 7) != 0)
		return;
	path += 7;
	const char *unit = xml_att(atts, "unit"), *current = xml_att(atts, "current");
	if (strcmp(path, "memory") == 0)
		(void)snprintf(r->unit, sizeof(r->unit), "%s", unit ? unit : "KiB");
	else if (strcmp(path, "vcpu") == 0 && current)
		r->f->vcpus = (unsigned)vmm_count_of(current, VMM_VCPUS_MAX);
	else if (strcmp(path, "devices/disk") == 0 || strcmp(path, "devices/disk/source") == 0)
		on_disk(r, path, atts);
}

/* libvirt's units: KiB by default, "KB" a thousand. */
static uint64_t bytes_of(const char *text, const char *unit)
{
	static const char powers[] = "kmgtpe";
	uint64_t v = vmm_count_of(text, UINT64_C(1) << 53), scale = 1;
	const char *power = *unit ? strchr(powers, *unit | 0x20) : NULL;
	bool decimal = power && (unit[1] == 'B' || unit[1] == 'b');
	for (long i = 0; power && i <= power - powers; i++)
		scale *= decimal ? 1000 : 1024;
	return scale && v <= (UINT64_C(1) << 53) / scale ? v * scale : 0;
}

static void keep(char **slot, const char *text, size_t max)
{
	if (!*slot)
		*slot = vmm_text(text, max);
}

static void on_text(void *data, const char *path, const char *text)
{
	struct reading *r = data;
	if (strncmp(path, "domstatus/", 10) == 0)
		path += 10;
	if (strncmp(path, "domain/", 7) != 0)
		return;
	path += 7;
	if (strcmp(path, "name") == 0)
		keep(&r->f->name, text, VMM_NAME_MAX);
	else if (strcmp(path, "title") == 0)
		keep(&r->f->title, text, VMM_NAME_MAX);
	else if (strcmp(path, "uuid") == 0)
		keep(&r->f->uuid, text, VMM_NAME_MAX);
	else if (strcmp(path, "metadata/nova:instance/nova:name") == 0)
		keep(&r->f->instance, text, VMM_NAME_MAX);
	else if (strcmp(path, "memory") == 0)
		r->f->memory_bytes = bytes_of(text, r->unit);
	else if (strcmp(path, "vcpu") == 0 && !r->f->vcpus)
		r->f->vcpus = (unsigned)vmm_count_of(text, VMM_VCPUS_MAX);
}

int libvirt_parse(const char *buf, size_t len, struct vm_fact *ret)
{
	struct reading r = {.f = ret};
	const struct xml_visitor v = {on_start, on_text, &r};
	int e = xml_walk(buf, len, &v);
	return e < 0 ? e : r.domain && ret->name ? 0 : -EINVAL;
}

/* systemd writes other bytes than letters, digits and a few more as \xHH. */
static char *unescape(const char *s, size_t n)
{
	char *out = xmalloc(n + 1);
	size_t at = 0;
	uint64_t byte = 0;
	for (size_t i = 0; i < n; i++) {
		if (n - i >= 4 && s[i] == '\\' && s[i + 1] == 'x' && hex_digits(s + i + 2, 2, &byte) == 2 && byte) {
			out[at++] = (char)(unsigned char)byte;
			i += 3;
		} else {
			out[at++] = s[i];
		}
	}
	out[at] = '\0';
	return out;
}

char *libvirt_scope_name(const char *cgroup)
{
	static const char begin[] = "/machine-qemu", old[] = ".libvirt-qemu";
	const char *at = strstr(cgroup, begin);
	if (at) {
		at++;
		const char *end = strstr(at, ".scope");
		cleanup_free char *plain = end ? unescape(at, (size_t)(end - at)) : NULL;
		/* machine-qemu-3-web */
		const char *id = plain && strncmp(plain, "machine-qemu-", 13) == 0 ? plain + 13 : NULL;
		size_t digits = id ? strspn(id, "0123456789") : 0;
		return digits && id[digits] == '-' ? vmm_text(id + digits + 1, VMM_NAME_MAX) : NULL;
	}
	const char *end = strstr(cgroup, old);
	const char *slash = end ? memrchr(cgroup, '/', (size_t)(end - cgroup)) : NULL;
	cleanup_free char *name = slash ? xstrndup(slash + 1, (size_t)(end - slash - 1)) : NULL;
	return vmm_text(name, VMM_NAME_MAX);
}
