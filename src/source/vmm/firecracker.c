/*
 * Firecracker, jailed or not.  Its command line has no more than an id; the machine is in --config-file, or came
 * through the API: then the threads tell the vCPUs and the mapping tells the RAM.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "source/vmm/args.h"
#include "source/vmm/vmms.h"
#include "vctop/base/attr.h"

#define CONFIG_MAX (1U << 20)
#define MIB (UINT64_C(1) << 20)
#define MIB_MAX (UINT64_C(1) << 30)

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* 0: not a number from 1 to max. */
static uint64_t count_of(const json_t *o, const char *key, uint64_t max)
{
	json_int_t v = json_integer_value(json_object_get(o, key));
	return v > 0 && (uint64_t)v <= max ? (uint64_t)v : 0;
}

static void read_machine(const json_t *root, struct vm_config *c)
{
	const json_t *machine = json_object_get(root, "machine-config"), *drive;
	size_t i;
	c->vcpus_from = c->ram_from = machine ? "machine-config" : "default";
	c->vcpus = machine ? (unsigned)count_of(machine, "vcpu_count", VMM_VCPUS_MAX) : 1;
	c->ram_bytes = machine ? count_of(machine, "mem_size_mib", MIB_MAX) * MIB : 128 * MIB;
	const char *image = NULL;
	json_array_foreach(json_object_get(root, "drives"), i,
	                   drive) if (!image || json_is_true(json_object_get(drive, "is_root_device"))) image =
	        text_of(drive, "path_on_host");
	if (!image)
		image = text_of(json_object_get(root, "boot-source"), "kernel_image_path");
	c->image = vmm_text(image, VMM_PATH_MAX);
}

static void read_config(struct rootfs *fs, const struct process *p, const char *path, struct vm_config *c)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	json_error_t err;
	ssize_t n = vmm_read_file(fs, p->pid, path, CONFIG_MAX, &sb);
	json_t *root = n < 0 ? NULL : json_loadb(sb.buf, sb.len, 0, &err);
	if (json_is_object(root))
		read_machine(root, c);
	else
		c->problem =
		        vmm_text(n < 0 ? "--config-file: could not be read" : "--config-file: malformed JSON", 256);
	json_decref(root);
}

/* Releases are called "firecracker-v1.7.0-x86_64". */
static bool is_firecracker(const struct process *p)
{
	size_t n;
	const char *name = vmm_program(p, &n);
	return vmm_program_is(p, "firecracker") || (n > 13 && memcmp(name, "firecracker-v", 13) == 0);
}

static bool recognise(struct rootfs *fs, const struct process *p, struct vm_config *ret)
{
	if (!is_firecracker(p) || vmm_flag(p, "--version") || vmm_flag(p, "--help"))
		return false;
	const char *id = vmm_option(p, "--id"), *config = vmm_option(p, "--config-file");
	const char *socket = vmm_option(p, "--api-sock");
	*ret = (struct vm_config){.runtime = "firecracker", .ram_noreserve = true};
	ret->name = vmm_text(id, VMM_NAME_MAX);
	ret->name_from = ret->name ? "--id on the command line" : NULL;
	if (!vmm_flag(p, "--no-api"))
		ret->api_socket = xstrndup(socket ? socket : "/run/firecracker.socket", VMM_PATH_MAX);
	if (config)
		read_config(fs, p, config, ret);
	return true;
}

static bool is_vcpu_thread(const char *comm)
{
	return vmm_numbered(comm, "fc_vcpu ");
}

const struct vmm_ops vmm_firecracker = {
        .name = "firecracker",
        .recognise = recognise,
        .is_vcpu_thread = is_vcpu_thread,
};
