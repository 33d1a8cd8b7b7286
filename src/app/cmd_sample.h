/* `vctop sample start|list|stop`: argv[0] is "sample". Returns the exit status. */
#ifndef APP_CMD_SAMPLE_H
#define APP_CMD_SAMPLE_H

int cmd_sample(int argc, char **argv);

#endif
