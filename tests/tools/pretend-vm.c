/*
 * A process with the threads of a VM:  qemu-system-x86_64 -smp COUNT OPTION...   (a copy of this program of that name)
 * What a monitor reads of it costs what it costs of the real one; nothing is emulated.  Its vCPU threads, named as
 * QEMU names them, wake ten times a second.  Ends with its parent.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static void *vcpu(void *arg)
{
	struct timespec ts = {0, 100000000};
	char name[16];
	(void)snprintf(name, sizeof(name), "CPU %d/TCG", *(int *)arg);
	(void)prctl(PR_SET_NAME, name);
	for (;;)
		(void)nanosleep(&ts, NULL);
	return NULL;
}

int main(int argc, char **argv)
{
	static int number[64];
	int vcpus = 1;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "-smp") == 0)
			vcpus = (int)strtol(argv[i + 1], NULL, 10);
	for (int i = 0; i < vcpus && i < 64; i++) {
		pthread_t thread;
		number[i] = i;
		if (pthread_create(&thread, NULL, vcpu, &number[i]) != 0)
			return 1;
	}
	for (;;)
		(void)pause();
}
