/* VMware Workstation and Player: vmware-vmx, whose last argument is the .vmx file with everything in it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "source/vmm/args.h"
#include "source/vmm/vmms.h"
#include "vctop/base/attr.h"
#include "vctop/base/parse.h"

#define VMX_MAX (1U << 20)
#define MIB (UINT64_C(1) << 20)
#define MIB_MAX (UINT64_C(1) << 30)

/* key = "value"; "|22" inside is a quote, "|7C" a bar: neither is in a name people give, and they are left as they are.
 */
static bool split_line(const char *line, size_t n, char key[128], char **ret_value)
{
	const char *eq = memchr(line, '=', n), *end = line + n;
	size_t key_n = eq ? (size_t)(eq - line) : 0;
	while (key_n && (line[key_n - 1] == ' ' || line[key_n - 1] == '\t'))
		key_n--;
	if (!key_n || key_n >= 128)
		return false;
	const char *open = memchr(eq, '"', (size_t)(end - eq)), *close = memrchr(eq, '"', (size_t)(end - eq));
	if (!open || close <= open)
		return false;
	memcpy(key, line, key_n);
	key[key_n] = '\0';
	*ret_value = xstrndup(open + 1, (size_t)(close - open - 1));
	return true;
}

static bool is_disk(const char *key, const char *value)
{
	size_t n = strlen(key), v = strlen(value);
	return n > 9 && strcasecmp(key + n - 9, ".fileName") == 0 && v > 5 && strcasecmp(value + v - 5, ".vmdk") == 0;
}

static void take(struct vm_config *c, const char *key, const char *value)
{
	if (strcasecmp(key, "displayName") == 0 && !c->name) {
		c->name = vmm_text(value, VMM_NAME_MAX);
		c->name_from = "displayName in its .vmx file";
	} else if (strcasecmp(key, "numvcpus") == 0) {
		c->vcpus = (unsigned)vmm_count_of(value, VMM_VCPUS_MAX);
		c->vcpus_from = "numvcpus";
	} else if (strcasecmp(key, "memsize") == 0) {
		c->ram_bytes = vmm_count_of(value, MIB_MAX) * MIB;
		c->ram_from = "memsize";
	} else if (strcasecmp(key, "uuid.bios") == 0 && !c->uuid) {
		c->uuid = vmm_text(value, VMM_NAME_MAX);
	} else if (is_disk(key, value) && !c->image) {
		c->image = vmm_text(value, VMM_PATH_MAX);
	}
}

/* "56 4d 12 34 ..-.. ..": 32 digits with blanks; shown as a uuid is written elsewhere. */
static void tidy_uuid(struct vm_config *c)
{
	char out[37];
	size_t digits = 0, at = 0;
	for (const char *s = c->uuid; s && *s; s++) {
		if (*s == ' ' || *s == '-')
			continue;
		if (digits == 32 || !strchr("0123456789abcdefABCDEF", *s))
			return;
		if (digits == 8 || digits == 12 || digits == 16 || digits == 20)
			out[at++] = '-';
		out[at++] = *s;
		digits++;
	}
	if (digits != 32)
		return;
	out[at] = '\0';
	free(c->uuid);
	c->uuid = xstrdup(out);
}

static void read_vmx(struct rootfs *fs, const struct process *p, const char *path, struct vm_config *c)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	ssize_t r = vmm_read_file(fs, p->pid, path, VMX_MAX, &sb);
	if (r < 0) {
		c->problem = vmm_text(".vmx file: could not be read", 256);
		return;
	}
	const char *cursor = sb.buf, *line;
	size_t n;
	c->vcpus = 1;
	c->vcpus_from = "default";
	while (parse_line(&cursor, sb.buf + sb.len, &line, &n)) {
		char key[128];
		cleanup_free char *value = NULL;
		if (split_line(line, n, key, &value))
			take(c, key, value);
	}
	tidy_uuid(c);
}

static const char *vmx_of(const struct process *p)
{
	for (size_t i = process_argc(p); i > 1; i--) {
		size_t n = strlen(process_arg(p, i - 1));
		if (n > 4 && strcasecmp(process_arg(p, i - 1) + n - 4, ".vmx") == 0)
			return process_arg(p, i - 1);
	}
	return NULL;
}

static void name_by_file(const char *path, struct vm_config *c)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	cleanup_free char *name = xstrndup(base, strlen(base) - 4);
	c->name = vmm_text(name, VMM_NAME_MAX);
	c->name_from = "the name of its .vmx file";
}

static bool recognise(struct rootfs *fs, const struct process *p, struct vm_config *ret)
{
	static const char *const programs[] = {"vmware-vmx", "vmware-vmx-debug", "vmware-vmx-stats"};
	bool ours = false;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		ours |= vmm_program_is(p, programs[i]);
	const char *path = ours ? vmx_of(p) : NULL;
	if (!ours)
		return false;
	*ret = (struct vm_config){.runtime = "vmware"};
	if (path)
		read_vmx(fs, p, path, ret);
	if (path && !ret->name)
		name_by_file(path, ret);
	return true;
}

static bool is_vcpu_thread(const char *comm)
{
	return vmm_numbered(comm, "vmx-vcpu-");
}

const struct vmm_ops vmm_vmware = {
        .name = "vmware",
        .recognise = recognise,
        .is_vcpu_thread = is_vcpu_thread,
};
