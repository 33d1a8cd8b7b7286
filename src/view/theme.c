#include "vctop/view/theme.h"

#include "vctop/base/attr.h"

/*
 * "any": middle tones of the Okabe-Ito palette, which can be told apart with any common colour blindness, and on a
 * light and on a dark background; "dark" and "light" the same hues where the background is known.  Shape and words say
 * the same again; nothing depends on colour.
 */
static const struct {
	enum style style;
	struct tone tone[THEME_MONO];
} tones[] = {
        {STYLE_DIM, {{0x8A8A8A, 245}, {0xA8A8A8, 248}, {0x585858, 240}}},
        {STYLE_FREE, {{0x8A8A8A, 245}, {0x6C6C6C, 242}, {0xA8A8A8, 248}}},
        {STYLE_USED, {{0x0087D7, 32}, {0x5FAFFF, 75}, {0x005FAF, 25}}},
        {STYLE_CONTAINER, {{0x0087D7, 32}, {0x5FAFFF, 75}, {0x005FAF, 25}}},
        {STYLE_HELD, {{0x5FAFD7, 74}, {0x87D7FF, 117}, {0x0087D7, 32}}},
        {STYLE_GOOD, {{0x008787, 30}, {0x5FD7AF, 79}, {0x005F5F, 23}}},
        {STYLE_WARN, {{0xD78700, 172}, {0xFFAF00, 214}, {0xAF5F00, 130}}},
        {STYLE_CRIT, {{0xD75F00, 166}, {0xFF8700, 208}, {0xAF0000, 124}}},
        {STYLE_VM, {{0xAF5FAF, 133}, {0xD787D7, 176}, {0x87005F, 89}}},
};

const char *theme_name(enum theme t)
{
	static const char *const names[THEME_MAX] = {"any", "dark", "light", "mono"};
	return names[t];
}

struct tone theme_tone(enum theme t, enum style s)
{
	for (size_t i = 0; i < ARRAY_SIZE(tones) && t < THEME_MONO; i++)
		if (tones[i].style == s)
			return tones[i].tone[t];
	return (struct tone){-1, -1};
}
