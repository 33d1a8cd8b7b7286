/* As init of a VM: there is nothing but us, a kernel, and a serial port. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "workload.h"

#define SAY_MSEC 2000
#define SAID_KIB 1024

/* Lines in, bytes out, nothing of it changed. */
static void make_plain(int fd)
{
	struct termios t;
	if (tcgetattr(fd, &t) < 0)
		return;
	t.c_lflag = ICANON;
	t.c_oflag = 0;
	t.c_iflag = 0;
	(void)tcsetattr(fd, TCSANOW, &t);
}

/* The second port where there is one: the first has the kernel's messages.  A node alone is no port. */
static int open_port(void)
{
	static const char *const ports[] = {"/dev/ttyS1", "/dev/ttyS0", "/dev/console"};
	struct termios t;
	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		int fd = open(ports[i], O_RDWR | O_NOCTTY);
		if (fd >= 0 && tcgetattr(fd, &t) == 0)
			return fd;
		if (fd >= 0)
			(void)close(fd);
	}
	return -1;
}

void vm_open(void)
{
	int fd = open_port();
	if (fd >= 0) {
		make_plain(fd);
		(void)dup2(fd, 0);
		(void)dup2(fd, 1);
		if (fd > 1)
			(void)close(fd);
	}
	(void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	(void)mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* A guest without a balloon has no other way to be known from outside. */
static void say_used(void)
{
	static unsigned long said;
	char text[512];
	(void)read_text("/proc/meminfo", text, sizeof(text));
	unsigned long total = number_after(text, "MemTotal:"), free = number_after(text, "MemAvailable:");
	unsigned long used = total > free ? total - free : 0;
	if (used <= said + SAID_KIB && said <= used + SAID_KIB)
		return;
	said = used;
	say(ANSWER_USED "%lu\n", used * 1024);
}

void vm_wait(void)
{
	struct pollfd in = {.fd = 0, .events = POLLIN};
	do
		say_used();
	while (poll(&in, 1, SAY_MSEC) == 0);
}

/* In the order of their names, which is the one they need. */
void vm_load_balloon(void)
{
	for (int i = 0; i < 10; i++) {
		char path[16];
		(void)snprintf(path, sizeof(path), "/modules/%d", i);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			break;
		(void)syscall(SYS_finit_module, fd, "", 0);
		(void)close(fd);
	}
}

/* A reset, which every machine has: QEMU runs with -no-reboot. */
void vm_off(void)
{
	char text[4096];
	(void)read_text("/proc/cmdline", text, sizeof(text));
	(void)reboot(strstr(text, KERNEL_OFF) ? RB_POWER_OFF : RB_AUTOBOOT);
	for (;;)
		(void)pause(); /* the init of a guest must never end */
}
