/* Pages: the dashboard that people open in a browser. */
#ifndef STOA_PAGES_FAMILY_H
#define STOA_PAGES_FAMILY_H

#include "web/web.h"

extern const struct family FAMILY_PAGES;

#endif
