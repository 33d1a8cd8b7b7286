/*
 * The terminal: the only user of ncursesw.  Between term_open and term_close the screen is ours; it is given back on
 * every exit: return, exit(), SIGTERM/HUP/INT/QUIT/ABRT/SEGV (async-signal-safe restore, then the default action).
 */
#ifndef VCTOP_VIEW_TERM_H
#define VCTOP_VIEW_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "vctop/base/error.h"
#include "vctop/view/canvas.h"

int term_open(bool color, bool mouse, struct error *err); /* -ENOTTY: standard input or output is no terminal */
void term_close(void);
void term_size(int *ret_columns, int *ret_rows);
bool term_utf8(void);
void term_show(const struct canvas *c); /* draws what changed */
/* Next key as in enum tui_key, without waiting; 0: none. */
uint32_t term_key(void);
/* Where the last KEYCODE_CLICK was. */
bool term_mouse(int *ret_x, int *ret_y);
/* Colours: "any", "dark", "light", "mono"; NULL: the next one. Returns its name; NULL: there is none such. */
const char *term_theme(const char *name);
/* To the terminal's clipboard (OSC 52), where it allows that. */
void term_copy(const char *text);
void term_suspend(void);   /* gives the screen back, stops (SIGTSTP), takes it again */
void term_resized(void);   /* after SIGWINCH */
void term_continued(void); /* after SIGCONT: takes the screen again, whoever had it meanwhile */

#endif
