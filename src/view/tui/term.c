/*
 * The terminal, by ncursesw.
 *
 * Two ways lead back to the shell's screen.  term_close, and everything that may run ordinary code (exit() included),
 * goes through endwin().  A fatal signal may arrive inside malloc or inside curses itself: its handler only writes
 * bytes and settings that were prepared when the terminal was opened, then lets the default action happen.
 */
#include "vctop/view/term.h"
#include "vctop/base/clock.h"

#include "vctop/base/text.h"
#include "vctop/view/theme.h"
#include "vctop/view/tui.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#undef columns /* term.h has a macro for every capability */
#undef tone

#define KEY_PASTE (KEY_MAX + 1) /* ours: define_key teaches curses the sequences */
#define KEY_PASTE_END (KEY_MAX + 2)
#define OWN_CONTINUE_USEC 500000
#define ESC_DELAY_MSEC 25 /* a human cannot press Esc and a letter that fast; a terminal's sequence arrives at once */

static struct {
	SCREEN *screen;
	bool open;
	struct termios saved;
	attr_t attr[STYLE_MAX];
	short pair[STYLE_MAX];
	struct cell *shown; /* what curses has, to hand over changed rows only */
	int columns, rows;
	bool repaint;
	int64_t resumed_usec; /* from a stop of our own; 0 never */
	bool mouse, color;
	enum theme theme;
	int mouse_x, mouse_y;
} term;

/* Read by the signal handler: written before it is installed, never changed while the screen is ours. */
static struct {
	volatile sig_atomic_t ours;
	size_t len;
	char bytes[256];
} restore;

/* Requests to end keep a handler the program has; a crash is always caught, and handed on (to a sanitizer, say). */
static const struct {
	int signal;
	bool crash;
} fatal[] = {{SIGTERM, false}, {SIGHUP, false}, {SIGINT, false}, {SIGQUIT, false}, {SIGABRT, true},
             {SIGSEGV, true},  {SIGBUS, true},  {SIGFPE, true},  {SIGILL, true}};
static struct sigaction before[ARRAY_SIZE(fatal)];

static void on_fatal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (restore.ours) {
		restore.ours = 0;
		ssize_t n = write(STDOUT_FILENO, restore.bytes, restore.len);
		(void)n; /* nothing is left to do about it */
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
	}
	bool crash = false;
	for (size_t i = 0; i < ARRAY_SIZE(fatal); i++)
		if (fatal[i].signal == sig) {
			crash = fatal[i].crash;
			(void)sigaction(sig, &before[i], NULL);
		}
	/* A fault of our own comes again on return, at the place where it happened; a signal sent has to be sent again.
	 */
	if (!crash || info->si_code <= 0)
		(void)raise(sig);
}

static void install_handlers(void)
{
	static char stack[65536]; /* a stack overflow must still find its way back */
	static bool installed;
	stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)};
	if (installed)
		return;
	installed = true;
	(void)sigaltstack(&alt, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(fatal); i++) {
		struct sigaction new = {.sa_sigaction = on_fatal};
		new.sa_flags = (int)((unsigned)SA_SIGINFO | SA_NODEFER | SA_ONSTACK);
		(void)sigemptyset(&new.sa_mask);
		if (sigaction(fatal[i].signal, NULL, &before[i]) < 0)
			continue;
		bool taken = (before[i].sa_flags & SA_SIGINFO) || before[i].sa_handler != SIG_DFL;
		if (fatal[i].crash || !taken)
			(void)sigaction(fatal[i].signal, &new, NULL);
	}
}

/* Appends a capability without its $<padding>. */
static void restore_add(const char *cap)
{
	char name[16];
	(void)strncpy(name, cap, sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	const char *s = tigetstr(name);
	if (!s || (intptr_t)s == -1)
		return;
	while (*s && restore.len + 40 < sizeof(restore.bytes)) {
		const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;
		if (end)
			s = end + 1;
		else
			restore.bytes[restore.len++] = *s++;
	}
}

static void prepare_restore(void)
{
	static const char *const caps[] = {"sgr0", "op", "cnorm", "rmkx", "rmcup"};
	restore.len = 0;
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		restore_add(caps[i]);
	static const char input[] = "\033[?2004l\033[?1006l\033[?1000l\r";
	memcpy(restore.bytes + restore.len, input, sizeof(input) - 1);
	restore.len += sizeof(input) - 1;
}

struct look {
	short plain; /* of eight colours; -1 the terminal's own */
	attr_t attr, mono;
};

static const struct look looks[STYLE_MAX] = {
        [STYLE_NORMAL] = {-1, A_NORMAL, A_NORMAL},
        [STYLE_DIM] = {-1, A_NORMAL, A_DIM},
        [STYLE_TITLE] = {-1, A_BOLD, A_BOLD},
        [STYLE_HEAD] = {-1, A_UNDERLINE, A_UNDERLINE},
        [STYLE_SELECTED] = {-1, A_REVERSE, A_REVERSE},
        [STYLE_KEY] = {-1, A_REVERSE, A_REVERSE},
        [STYLE_USED] = {COLOR_CYAN, A_NORMAL, A_NORMAL},
        [STYLE_HELD] = {COLOR_CYAN, A_NORMAL, A_NORMAL},
        [STYLE_FREE] = {-1, A_NORMAL, A_DIM},
        [STYLE_GOOD] = {COLOR_GREEN, A_NORMAL, A_NORMAL},
        [STYLE_WARN] = {COLOR_YELLOW, A_BOLD, A_BOLD},
        [STYLE_CRIT] = {COLOR_RED, A_BOLD, A_BOLD | A_UNDERLINE},
        [STYLE_CONTAINER] = {COLOR_CYAN, A_BOLD, A_BOLD},
        [STYLE_VM] = {COLOR_MAGENTA, A_BOLD, A_BOLD},
};

static int color_of(enum theme th, enum style s)
{
	struct tone t = theme_tone(th, s);
	return COLORS >= 1 << 24 ? t.rgb : COLORS >= 256 ? t.rich : looks[s].plain;
}

static void prepare_styles(void)
{
	bool color = term.color && term.theme != THEME_MONO && COLORS >= 8;
	for (int s = 0; s < STYLE_MAX; s++) {
		const struct look *look = &looks[s];
		int fg = color ? color_of(term.theme, (enum style)s) : -1;
		term.attr[s] = color ? look->attr : look->mono;
		term.pair[s] = 0;
		if (fg >= 0 && init_extended_pair(s + 1, fg, -1) == OK)
			term.pair[s] = (short)(s + 1);
	}
	if (color && COLORS < 256) /* eight colours have no grey */
		term.attr[STYLE_DIM] = term.attr[STYLE_FREE] = A_DIM;
}

const char *term_theme(const char *name)
{
	enum theme th = (enum theme)((term.theme + 1U) % THEME_MAX);
	for (th = name ? 0 : th; name && th < THEME_MAX && strcmp(theme_name(th), name) != 0; th++)
		;
	if (th == THEME_MAX)
		return NULL;
	term.theme = th;
	if (term.open) {
		prepare_styles();
		term.repaint = true;
	}
	return theme_name(th);
}

static void put(const char *s)
{
	(void)putp(s);
	(void)fflush(stdout);
}

/* What is pasted comes between two marks, so that it is never taken for keys. */
static void mark_pastes(bool on)
{
	if (on) {
		(void)define_key("\033[200~", KEY_PASTE);
		(void)define_key("\033[201~", KEY_PASTE_END);
	}
	put(on ? "\033[?2004h" : "\033[?2004l");
}

static void use_mouse(bool on)
{
	/* All of them: after one that is not asked for ncurses waits for the next key, however it was told not to. */
	(void)mousemask(on && term.mouse ? ALL_MOUSE_EVENTS | REPORT_MOUSE_POSITION : 0, NULL);
	(void)mouseinterval(0);
}

static void take_input(bool on)
{
	mark_pastes(on);
	use_mouse(on);
}

void term_copy(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	if (!term.open)
		return;
	strbuf_str(&sb, "\033]52;c;");
	for (size_t n = strlen(text), i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)(unsigned char)text[i] << 16;
		v |= i + 1 < n ? (uint32_t)(unsigned char)text[i + 1] << 8 : 0;
		v |= i + 2 < n ? (uint32_t)(unsigned char)text[i + 2] : 0;
		strbuf_char(&sb, digits[v >> 18]);
		strbuf_char(&sb, digits[v >> 12 & 63]);
		strbuf_char(&sb, i + 1 < n ? digits[v >> 6 & 63] : '=');
		strbuf_char(&sb, i + 2 < n ? digits[v & 63] : '=');
	}
	strbuf_char(&sb, '\a');
	put(sb.buf);
}

/* Ctrl-Z comes as a key, so that the program stops at a good moment. */
static void own_suspend_key(void)
{
	struct termios now;
	if (tcgetattr(STDIN_FILENO, &now) < 0)
		return;
	now.c_cc[VSUSP] = _POSIX_VDISABLE;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &now);
	(void)def_prog_mode();
}

static int check_terminal(struct error *err)
{
	const char *name = getenv("TERM");
	char cup[] = "cup";
	int found = 0;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return error_set(err, ENOTTY, "the dashboard needs a terminal; --json and -b do not");
	if (!name || !*name)
		return error_set(err, ENOTSUP, "TERM is not set; --json and -b do not need it");
	if (setupterm(name, STDOUT_FILENO, &found) != OK)
		return error_set(err, ENOTSUP, "TERM=%s: no such terminal is known here", name);
	const char *s = tigetstr(cup);
	bool usable = s && (intptr_t)s != -1;
	(void)del_curterm(cur_term);
	if (!usable)
		return error_set(err, ENOTSUP, "TERM=%s cannot place the cursor; --json and -b do not need it", name);
	return 0;
}

/* What is shown goes into newscr at once: another grid of 28 bytes a cell, copied there, would be of no use. */
static void leave_stdscr(void)
{
	(void)wresize(stdscr, 1, 1);
	(void)untouchwin(stdscr); /* or it would be copied when a key is asked for */
}

int term_open(bool color, bool mouse, struct error *err)
{
	static bool at_exit;
	(void)setlocale(LC_CTYPE, "");
	int rc = check_terminal(err);
	if (rc < 0)
		return rc;
	if (tcgetattr(STDIN_FILENO, &term.saved) < 0)
		return error_set(err, errno, "terminal settings: %s", strerror(errno));
	install_handlers(); /* before curses, which would put its own in place of the defaults */
	(void)set_escdelay(ESC_DELAY_MSEC);
	term.screen = newterm(NULL, stdout, stdin);
	if (!term.screen)
		return error_set(err, ENOTSUP, "TERM=%s: curses cannot use it", getenv("TERM"));
	leave_stdscr();
	term.open = true;
	term.mouse = mouse;
	prepare_restore();
	restore.ours = 1;
	if (!at_exit && atexit(term_close) == 0)
		at_exit = true;
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)typeahead(-1); /* a screen is soon there: keys can wait for it, and need not be asked for line by line */
	(void)curs_set(0);
	term.color = color && has_colors() && start_color() == OK && use_default_colors() == OK;
	prepare_styles();
	own_suspend_key();
	take_input(true);
	return 0;
}

void term_close(void)
{
	if (!term.open)
		return;
	take_input(false);
	term.open = false;
	(void)endwin();
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
	restore.ours = 0;
	delscreen(term.screen);
	term.screen = NULL;
	free(term.shown);
	term.shown = NULL;
	term.columns = term.rows = 0;
}

void term_size(int *ret_columns, int *ret_rows)
{
	*ret_columns = term.open ? COLS : 80;
	*ret_rows = term.open ? LINES : 24;
}

bool term_utf8(void)
{
	(void)setlocale(LC_CTYPE, "");
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Where the C library and our own table disagree on a width, '?' keeps the columns straight. */
static void show_cell(const struct cell *cell, int x, int y, int w)
{
	wchar_t text[2 + ARRAY_SIZE(cell->marks)] = {(wchar_t)cell->cp};
	cchar_t out;
	enum style style = (unsigned)cell->style < STYLE_MAX ? cell->style : STYLE_NORMAL;
	bool ascii = cell->cp >= ' ' && cell->cp <= '~';
	if (!(ascii && w == 1) && wcwidth(text[0]) != w) {
		text[0] = L'?';
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(cell->marks) && wcwidth((wchar_t)cell->marks[i]) == 0; i++)
			text[i + 1] = (wchar_t)cell->marks[i];
	}
	if (setcchar(&out, text, term.attr[style], term.pair[style], NULL) == OK)
		(void)mvwadd_wch(newscr, y, x, &out);
	if (w == 2 && text[0] == L'?')
		(void)mvwaddch(newscr, y, x + 1, ' ');
}

/* was NULL: all of it. A half of a wide character changes with the other. */
static void show_row(const struct canvas *c, const struct cell *row, const struct cell *was, int y)
{
	for (int x = 0; x < c->columns; x++) {
		if (row[x].cp && (!was || memcmp(&row[x], &was[x], sizeof(*row)) != 0))
			show_cell(&row[x], x, y, x + 1 < c->columns && !row[x + 1].cp ? 2 : 1);
	}
}

void term_show(const struct canvas *c)
{
	if (!term.open || !c->cells)
		return;
	bool all = c->columns != term.columns || c->rows != term.rows || term.repaint;
	size_t width = (size_t)c->columns;
	if (all) {
		term.shown = xreallocarray(term.shown, width * (size_t)c->rows + 1, sizeof(*term.shown));
		term.columns = c->columns;
		term.rows = c->rows;
		(void)werase(newscr);
	}
	for (int y = 0; y < c->rows; y++) {
		const struct cell *row = c->cells + (size_t)y * width;
		struct cell *was = term.shown + (size_t)y * width;
		if (!all && memcmp(row, was, width * sizeof(*row)) == 0)
			continue;
		show_row(c, row, all ? NULL : was, y);
		memcpy(was, row, width * sizeof(*row));
	}
	if (term.repaint)
		(void)clearok(newscr, TRUE);
	term.repaint = false;
	(void)doupdate();
}

/* A press of the first button or a turn of the wheel; 0 anything else. */
static uint32_t map_mouse(void)
{
	MEVENT e;
	if (getmouse(&e) != OK)
		return 0;
	term.mouse_x = e.x;
	term.mouse_y = e.y;
	if (e.bstate & BUTTON4_PRESSED)
		return KEYCODE_WHEEL_UP;
	if (e.bstate & BUTTON5_PRESSED)
		return KEYCODE_WHEEL_DOWN;
	return e.bstate & BUTTON1_PRESSED ? KEYCODE_CLICK : 0;
}

bool term_mouse(int *ret_x, int *ret_y)
{
	*ret_x = term.mouse_x;
	*ret_y = term.mouse_y;
	return term.open;
}

static uint32_t map_special(wint_t key)
{
	if (key == KEY_MOUSE)
		return map_mouse();
	static const struct {
		int curses;
		uint32_t key;
	} map[] = {
	        {KEY_UP, KEYCODE_UP},
	        {KEY_DOWN, KEYCODE_DOWN},
	        {KEY_LEFT, KEYCODE_LEFT},
	        {KEY_RIGHT, KEYCODE_RIGHT},
	        {KEY_PPAGE, KEYCODE_PAGE_UP},
	        {KEY_NPAGE, KEYCODE_PAGE_DOWN},
	        {KEY_HOME, KEYCODE_HOME},
	        {KEY_END, KEYCODE_END},
	        {KEY_ENTER, KEYCODE_ENTER},
	        {KEY_BTAB, KEYCODE_BACKTAB},
	        {KEY_F(1), KEYCODE_F1},
	        {KEY_F(3), KEYCODE_F3},
	        {KEY_F(4), KEYCODE_F4},
	        {KEY_F(2), KEYCODE_F2},
	        {KEY_F(5), KEYCODE_F5},
	        {KEY_F(6), KEYCODE_F6},
	        {KEY_F(10), KEYCODE_F10},
	        {KEY_RESIZE, KEYCODE_RESIZE},
	        {KEY_BACKSPACE, KEYCODE_BACKSPACE},
	        {KEY_PASTE, KEYCODE_PASTE_BEGIN},
	        {KEY_PASTE_END, KEYCODE_PASTE_END},
	};
	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if ((wint_t)map[i].curses == key)
			return map[i].key;
	return 0;
}

static uint32_t map_plain(wint_t key)
{
	switch (key) {
	case '\r':
	case '\n':
		return KEYCODE_ENTER;
	case '\t':
		return KEYCODE_TAB;
	case 27:
		return KEYCODE_ESCAPE;
	case 8:
	case 127:
		return KEYCODE_BACKSPACE;
	case 'L' & 0x1F:
		term.repaint = true;
		return (uint32_t)key;
	default:
		return (uint32_t)key;
	}
}

uint32_t term_key(void)
{
	if (!term.open)
		return 0;
	/* Keys without a meaning here are skipped: 0 would tell the caller that none is waiting. */
	for (;;) {
		wint_t key = 0;
		int kind = get_wch(&key);
		if (kind == ERR)
			return 0;
		uint32_t mapped = kind == KEY_CODE_YES ? map_special(key) : map_plain(key);
		if (mapped)
			return mapped;
	}
}

void term_suspend(void)
{
	if (!term.open)
		return;
	struct sigaction old, dfl = {.sa_handler = SIG_DFL};
	sigset_t stop, mask;
	(void)sigemptyset(&dfl.sa_mask);
	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTSTP);
	take_input(false);
	(void)endwin();
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
	restore.ours = 0;
	(void)sigaction(SIGTSTP, &dfl, &old);
	(void)sigprocmask(SIG_UNBLOCK, &stop, &mask); /* a program that reads signals from a descriptor blocks them */
	(void)raise(SIGTSTP);
	/* Running again. */
	term.resumed_usec = clock_mono_usec();
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	(void)sigaction(SIGTSTP, &old, NULL);
	restore.ours = 1;
	(void)reset_prog_mode();
	take_input(true);
	term.repaint = true;
	term_resized();
}

void term_continued(void)
{
	if (!term.open)
		return;
	/* What ended our own suspension (a shell may send it twice): leaving the screen again would lose its cursor. */
	if (term.resumed_usec && clock_mono_usec() - term.resumed_usec < OWN_CONTINUE_USEC)
		return;
	/* Stopped without a word (kill -STOP): the shell has used the screen and the keypad since. */
	(void)endwin();
	(void)reset_prog_mode();
	take_input(true);
	term.repaint = true;
	term_resized();
}

void term_resized(void)
{
	struct winsize ws;
	if (!term.open || ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 || !ws.ws_row || !ws.ws_col)
		return;
	if (ws.ws_row != LINES || ws.ws_col != COLS)
		(void)resizeterm(ws.ws_row, ws.ws_col);
}
