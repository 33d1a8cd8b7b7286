/*
 * VirtualBox.  Name and uuid are on the command line; what was allocated is in the .vbox file, which lies beside the
 * Logs/VBox.log that the process holds open.  Guest RAM belongs to the kernel module: none of it shows in smaps.
 */
#include <stdlib.h>
#include <string.h>

#include "source/vmm/args.h"
#include "source/vmm/vmms.h"
#include "source/xml.h"
#include "vctop/base/attr.h"

#define VBOX_MAX (1U << 20)
#define FDS_MAX 4096U
#define MIB (UINT64_C(1) << 20)
#define MIB_MAX (UINT64_C(1) << 30)

/* "{01234567-...}" without the braces. */
static char *uuid_text(const char *s)
{
	cleanup_free char *bare = xstrndup(s + (*s == '{'), strcspn(s + (*s == '{'), "}"));
	return vmm_text(bare, VMM_NAME_MAX);
}

static void on_start(void *data, const char *path, const char *const *atts)
{
	struct vm_config *c = data;
	const char *name = xml_att(atts, "name"), *uuid = xml_att(atts, "uuid");
	if (strcmp(path, "VirtualBox/Machine") == 0) {
		c->vcpus = 1; /* <CPU> without count, or none */
		c->vcpus_from = "default";
		if (name) {
			free(c->name);
			c->name = vmm_text(name, VMM_NAME_MAX);
			c->name_from = "its .vbox file";
		}
		if (uuid) {
			free(c->uuid);
			c->uuid = uuid_text(uuid);
		}
	} else if (strcmp(path, "VirtualBox/Machine/Hardware/CPU") == 0 && xml_att(atts, "count")) {
		c->vcpus = (unsigned)vmm_count_of(xml_att(atts, "count"), VMM_VCPUS_MAX);
		c->vcpus_from = ".vbox CPU count";
	} else if (strcmp(path, "VirtualBox/Machine/Hardware/Memory") == 0) {
		c->ram_bytes = vmm_count_of(xml_att(atts, "RAMSize"), MIB_MAX) * MIB;
		c->ram_from = ".vbox RAMSize";
	} else if (!c->image && strstr(path, "HardDisks/HardDisk")) {
		c->image = vmm_text(xml_att(atts, "location"), VMM_PATH_MAX);
	}
}

/* The machine's folder, from the log that is held open; NULL unknown. */
static char *machine_folder(struct rootfs *fs, pid_t pid)
{
	static const char log[] = "/Logs/VBox.log";
	struct rootfs_names names = {.text = STRBUF_INIT};
	cleanup_strbuf struct strbuf link = STRBUF_INIT;
	char path[96], *found = NULL;
	(void)snprintf(path, sizeof(path), "proc/%d/fd", (int)pid);
	if (rootfs_list(fs, path, false, &names) < 0)
		names.at.n = 0;
	for (size_t i = 0; i < names.at.n && i < FDS_MAX && !found; i++) {
		(void)snprintf(path, sizeof(path), "proc/%d/fd/%.20s", (int)pid, rootfs_name(&names, i));
		if (rootfs_readlink(fs, path, &link) == 0 && link.len > sizeof(log) - 1 && link.buf[0] == '/' &&
		    strcmp(link.buf + link.len - (sizeof(log) - 1), log) == 0)
			found = xstrndup(link.buf, link.len - (sizeof(log) - 1));
	}
	rootfs_names_release(&names);
	return found;
}

/* VirtualBox calls the file as its folder. */
static void read_vbox(struct rootfs *fs, pid_t pid, struct vm_config *c)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	cleanup_free char *folder = machine_folder(fs, pid);
	const char *slash = folder ? strrchr(folder, '/') : NULL;
	if (!slash)
		return;
	cleanup_free char *path = xasprintf("%s/%s.vbox", folder, slash + 1);
	const struct xml_visitor v = {on_start, NULL, c};
	if (vmm_read_file(fs, pid, path, VBOX_MAX, &sb) < 0 || xml_walk(sb.buf, sb.len, &v) < 0)
		c->problem = vmm_text(".vbox file: could not be read", 256);
}

static bool recognise(struct rootfs *fs, const struct process *p, struct vm_config *ret)
{
	static const char *const programs[] = {"VBoxHeadless", "VirtualBoxVM", "VBoxSDL"};
	bool ours = false;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		ours |= vmm_program_is(p, programs[i]);
	/* VirtualBoxVM without a machine is the manager's window. */
	const char *start = ours ? vmm_option(p, "--startvm") : NULL,
	           *comment = ours ? vmm_option(p, "--comment") : NULL;
	if (!start)
		start = ours ? vmm_option(p, "-startvm") : NULL;
	if (!start)
		return false;
	*ret = (struct vm_config){.runtime = "virtualbox", .ram_hidden = true};
	ret->name = vmm_text(comment ? comment : start, VMM_NAME_MAX);
	ret->name_from = comment ? "--comment on the command line" : "--startvm on the command line";
	if (strlen(start) == 36 && strspn(start, "0123456789abcdefABCDEF-") == 36)
		ret->uuid = vmm_text(start, VMM_NAME_MAX);
	read_vbox(fs, p->pid, ret);
	return true;
}

static bool is_vcpu_thread(const char *comm)
{
	return strcmp(comm, "EMT") == 0 || vmm_numbered(comm, "EMT-");
}

const struct vmm_ops vmm_virtualbox = {
        .name = "virtualbox",
        .recognise = recognise,
        .is_vcpu_thread = is_vcpu_thread,
};
