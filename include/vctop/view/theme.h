/* Colours of the styles: for a terminal of 256, of any, and for pictures. */
#ifndef VCTOP_VIEW_THEME_H
#define VCTOP_VIEW_THEME_H

#include "vctop/view/canvas.h"

enum theme { THEME_ANY, THEME_DARK, THEME_LIGHT, THEME_MONO, THEME_MAX };
struct tone {
	int rgb;    /* -1: the foreground of whatever it is drawn on */
	short rich; /* the nearest of 256; -1 the same */
};

const char *theme_name(enum theme t); /* "any", "dark", "light", "mono" */
struct tone theme_tone(enum theme t, enum style s);

#endif
