/* Words for codes that the database holds, in the visitor's language. */
#ifndef STOA_PAGES_WORDS_H
#define STOA_PAGES_WORDS_H

#include "web/web.h"

/* "too_expensive" as "Too expensive"; a code of the owner's own as it is; NULL for NULL. */
const char *page_word(const struct req *req, const char *code);

#endif
