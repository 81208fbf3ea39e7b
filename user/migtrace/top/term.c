// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * term.c - pages on a terminal, and its keys, by ncurses
 *
 * All of a page is given to curses each time: it sends what has changed, and no more.
 */
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "term.h"

static SCREEN *screen;

/* Told apart without colours, too. -1: as the terminal has it. */
static const struct {
	short foreground, background;
	attr_t plain, coloured;		/* attributes without colours, and with them */
} styles[PAGE_STYLES] = {
	[PAGE_PLAIN] = { -1, -1, A_NORMAL, A_NORMAL },
	[PAGE_DIM] = { -1, -1, A_DIM, A_DIM },
	[PAGE_BOLD] = { -1, -1, A_BOLD, A_BOLD },
	[PAGE_HEAD] = { COLOR_CYAN, -1, A_UNDERLINE, A_UNDERLINE },
	[PAGE_CHOSEN] = { -1, -1, A_REVERSE, A_REVERSE },
	[PAGE_GOOD] = { COLOR_GREEN, -1, A_NORMAL, A_NORMAL },
	[PAGE_WARN] = { COLOR_YELLOW, -1, A_BOLD, A_NORMAL },
	[PAGE_BAD] = { COLOR_RED, -1, A_REVERSE, A_BOLD },
	[PAGE_BAR] = { COLOR_BLUE, -1, A_NORMAL, A_NORMAL },
};

bool term_open(void)
{
	const char *kind = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !kind || !strcmp(kind, "dumb"))
		return false;
	setlocale(LC_CTYPE, "");
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return false;
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
	if (has_colors() && start_color() == OK) {
		use_default_colors();
		for (short i = 0; i < PAGE_STYLES; i++)
			init_pair((short)(i + 1), styles[i].foreground, styles[i].background);
	}
	return true;
}

void term_close(void)
{
	if (!screen)
		return;
	endwin();
	delscreen(screen);
	screen = NULL;
}

void term_size(size_t *rows, size_t *columns)
{
	int r, c;

	getmaxyx(stdscr, r, c);
	*rows = (size_t)r < PAGE_ROWS_MAX ? (size_t)r : PAGE_ROWS_MAX;
	*columns = (size_t)c < PAGE_COLUMNS_MAX ? (size_t)c : PAGE_COLUMNS_MAX;
}

bool term_is_ascii(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

void term_draw(const struct page *p)
{
	const bool coloured = has_colors();

	for (size_t row = 0; row < p->rows; row++)
		for (size_t column = 0; column < p->columns; column++) {
			const struct page_cell *c = &p->cells[row * p->columns + column];
			const wchar_t text[2] = { c->ch, L'\0' };
			cchar_t cell;

			setcchar(&cell, text, coloured ? styles[c->style].coloured :
							 styles[c->style].plain,
				 coloured ? (short)(c->style + 1) : 0, NULL);
			mvadd_wch((int)row, (int)column, &cell);
		}
	refresh();
}

unsigned term_key(void)
{
	static const struct {
		int key;
		unsigned look;
	} keys[] = {
		{ KEY_UP, LOOK_UP },	   { KEY_DOWN, LOOK_DOWN },  { KEY_PPAGE, LOOK_PAGE_UP },
		{ KEY_NPAGE, LOOK_PAGE_DOWN }, { KEY_HOME, LOOK_HOME }, { KEY_END, LOOK_END },
		{ KEY_ENTER, LOOK_ENTER }, { '\r', LOOK_ENTER },     { '\n', LOOK_ENTER },
		{ 27, LOOK_ESCAPE },	   { 127, LOOK_BACKSPACE },  { '\b', LOOK_BACKSPACE },
		{ KEY_BACKSPACE, LOOK_BACKSPACE }, { 3, LOOK_INTERRUPT },
	};
	int key = getch();

	for (size_t i = 0; i < MT_ARRAY_SIZE(keys); i++)
		if (keys[i].key == key)
			return keys[i].look;
	return key > 0 && key < 256 ? (unsigned)key : 0;
}
