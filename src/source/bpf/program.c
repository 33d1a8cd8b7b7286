#include "source/bpf/program.h"

#ifdef HAVE_BPF
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>

#include "vctop/base/attr.h"

void put(struct program *p, int code, int dst, int src, int off, int imm)
{
	struct bpf_insn is = {.code = (uint8_t)code,
	                      .dst_reg = (uint8_t)(dst & 15),
	                      .src_reg = (uint8_t)(src & 15),
	                      .off = (int16_t)off,
	                      .imm = imm};
	if (p->n < PROGRAM_MAX)
		p->insns[p->n] = is;
	p->n++; /* program_load() says that it is too long */
}

void put_move(struct program *p, int dst, int src)
{
	put(p, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

void put_set(struct program *p, int dst, int value)
{
	put(p, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value);
}

void put_add(struct program *p, int dst, int value)
{
	put(p, BPF_ALU64 | BPF_ADD, dst, 0, 0, value); /* BPF_K is 0 too */
}

void put_load(struct program *p, int dst, int base, int off)
{
	put(p, BPF_LDX | BPF_MEM | BPF_DW, dst, base, off, 0);
}

void put_load_sized(struct program *p, int dst, int base, int off, size_t size)
{
	put(p, BPF_LDX | BPF_MEM | (size == 2 ? BPF_H : size == 4 ? BPF_W : BPF_DW), dst, base, off, 0);
}

void put_store(struct program *p, int base, int off, int src)
{
	put(p, BPF_STX | BPF_MEM | BPF_DW, base, src, off, 0);
}

void put_constant(struct program *p, int dst, uint64_t value)
{
	put(p, BPF_LD | BPF_IMM | BPF_DW, dst, 0, 0, (int)(uint32_t)value);
	put(p, 0, 0, 0, 0, (int)(uint32_t)(value >> 32));
}

void put_address(struct program *p, int dst, int of_what, int which)
{
	put(p, BPF_LD | BPF_IMM | BPF_DW, dst, of_what, 0, which);
	put(p, 0, 0, 0, 0, 0);
}

void put_store_sized(struct program *p, int base, int off, int src, size_t size)
{
	put(p, BPF_STX | BPF_MEM | (size == 4 ? BPF_W : BPF_DW), base, src, off, 0);
}

void put_store_value(struct program *p, int base, int off, int value)
{
	put(p, BPF_ST | BPF_MEM | BPF_DW, base, 0, off, value);
}

void put_call(struct program *p, int helper)
{
	put(p, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

void put_exit_if(struct program *p, int condition, int reg, int value)
{
	p->exits[p->exits_n++] = p->n;
	put(p, BPF_JMP | condition | BPF_K, reg, 0, 0, value);
}

size_t put_jump_if(struct program *p, int condition, int reg, int value)
{
	put(p, BPF_JMP | condition | BPF_K, reg, 0, 0, value);
	return p->n - 1;
}

size_t put_jump_by(struct program *p, int condition, int a, int b)
{
	put(p, BPF_JMP | condition | BPF_X, a, b, 0, 0);
	return p->n - 1;
}

size_t put_jump_unless_same(struct program *p, int a, int b)
{
	return put_jump_by(p, BPF_JNE, a, b);
}

void land(struct program *p, size_t jump)
{
	if (jump < PROGRAM_MAX)
		p->insns[jump].off = (int16_t)(p->n - jump - 1);
}

void put_copy(struct program *p, int base, int to, size_t size)
{
	put_move(p, BPF_REG_1, base);
	put_add(p, BPF_REG_1, to);
	put_set(p, BPF_REG_2, (int)size);
	put_call(p, BPF_FUNC_probe_read_kernel);
}

bool program_loads(const struct program *p)
{
	return p->cast > 0;
}

void land_all(struct program *p, struct missing *m)
{
	while (m->n > 0)
		land(p, m->at[--m->n]);
}

void exit_all(struct program *p, struct missing *m)
{
	while (m->n > 0)
		p->exits[p->exits_n++] = m->at[--m->n];
}

void put_peek(struct program *p, int scratch, int off, size_t size, struct missing *m)
{
	put_add(p, BPF_REG_3, off & ~7);
	if (program_loads(p)) {
		put_move(p, BPF_REG_1, BPF_REG_3);
		put_set(p, BPF_REG_2, p->counter);
		put(p, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, p->cast);
		put_load_sized(p, BPF_REG_1, BPF_REG_0, off & 7, size);
		return;
	}
	put_add(p, BPF_REG_3, off & 7);
	put_copy(p, BPF_REG_10, scratch, size);
	m->at[m->n++] = put_jump_if(p, BPF_JNE, BPF_REG_0, 0);
	put_load_sized(p, BPF_REG_1, BPF_REG_10, scratch, size);
}

void put_end(struct program *p)
{
	for (size_t i = 0; i < p->exits_n; i++)
		land(p, p->exits[i]);
	put_set(p, BPF_REG_0, 0);
	put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

void put_reader(struct program *p, int seq)
{
	put_load(p, BPF_REG_6, BPF_REG_1, 8); /* struct bpf_iter__...: meta, then the thing; NULL: that was the last */
	put_exit_if(p, BPF_JEQ, BPF_REG_6, 0);
	put_load(p, BPF_REG_8, BPF_REG_1, 0);
	put_load(p, BPF_REG_8, BPF_REG_8, seq);
}

void put_write(struct program *p, int from, size_t size)
{
	put_move(p, BPF_REG_1, BPF_REG_8);
	put_move(p, BPF_REG_2, BPF_REG_10);
	put_add(p, BPF_REG_2, from);
	put_set(p, BPF_REG_3, (int)size);
	put_call(p, BPF_FUNC_seq_write);
}

int program_attach(int program, struct rootfs *fs, const char *mount, int order)
{
	cleanup_close int dir = rootfs_openat(fs, mount, O_DIRECTORY);
	union bpf_iter_link_info info = {0};
	LIBBPF_OPTS(bpf_link_create_opts, o, .iter_info = &info, .iter_info_len = sizeof(info));
	if (dir < 0)
		return dir;
	info.cgroup.cgroup_fd = (uint32_t)dir;
	info.cgroup.order = (enum bpf_cgroup_iter_order)order;
	int link = bpf_link_create(program, 0, BPF_TRACE_ITER, &o);
	return link < 0 ? -errno : link;
}

int program_load(const struct program *p, const char *name, int target, bool sleeps)
{
	LIBBPF_OPTS(bpf_prog_load_opts, o, .expected_attach_type = BPF_TRACE_ITER);
	if (p->n > PROGRAM_MAX)
		return -E2BIG;
	o.attach_btf_id = (uint32_t)target;
	o.prog_flags = sleeps ? BPF_F_SLEEPABLE : 0;
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, name, "Dual MIT/GPL", p->insns, p->n, &o);
	return fd < 0 ? -errno : fd;
}

int program_build(struct kernel_types *types, program_make make, const void *data)
{
	int cast = types_function(types, "bpf_rdonly_cast"), counter = types_structure(types, "page_counter");
	struct program p = {.cast = cast, .counter = counter};
	int fd = cast > 0 && counter > 0 ? make(&p, data) : -EOPNOTSUPP;
	if (fd >= 0)
		return fd;
	p = (struct program){0};
	return make(&p, data);
}
#endif
