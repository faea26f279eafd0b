/* The languages that the house speaks to people in. */
#ifndef STOA_TEXT_LANGUAGE_H
#define STOA_TEXT_LANGUAGE_H

#define LANGUAGES "en|de|fr|es"

/* "de" for "de"; "en" when it is none of ours or NULL. Lives as long as the process. */
const char *language_of(const char *code);
/* Of an Accept-Language header (RFC 9110, 12.5.4; matched by its primary subtag, RFC 4647, 3.4), the one with the greatest weight, of equals the
 * first; "en" when none of ours is there, or NULL. */
const char *language_accepted(const char *header);

#endif
