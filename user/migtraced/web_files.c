// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * web_files.c - the page's files, as they lie in page/, built in
 */
#include <stddef.h>

#include "web_files.h"

#define FILE_OF(symbol, path) \
	__asm__(".section .rodata\n" \
		".global " #symbol "\n" #symbol ":\n.incbin \"" path "\"\n" \
		".global " #symbol "_end\n" #symbol "_end:\n.byte 0\n.previous\n"); \
	extern const char symbol[], symbol##_end[]

FILE_OF(web_page_html, "user/migtraced/page/page.html");
FILE_OF(web_page_css, "user/migtraced/page/page.css");
FILE_OF(web_page_js, "user/migtraced/page/page.js");

const struct web_file web_files[] = {
	{ "/", "text/html; charset=utf-8", web_page_html, web_page_html_end },
	{ "/page.css", "text/css; charset=utf-8", web_page_css, web_page_css_end },
	{ "/page.js", "text/javascript; charset=utf-8", web_page_js, web_page_js_end },
	{ NULL },
};
