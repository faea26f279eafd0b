/* What the pages about customers share: whose data, rows as templates take them, words for codes, links that keep filters. */
#ifndef STOA_PAGES_REACH_H
#define STOA_PAGES_REACH_H

#include "pages/page.h"

#define REACH_SHOWN 50
#define REACH_NUMBER_LAST "9223372036854775807"

#define REACH_MODE(type_, member_, place_) \
	INPUT(type_, member_, "mode", place_, FIELD_ENUM, .choices = "live|test", .doc = "live (default) or test data")

/* Whose data, as parameters. */
struct reach {
	struct req *req;
	const char *org_id, *live, *names, *mode, *now;
};
struct reach reach_of(struct req *req, const char *mode);

/* A path with what is not NULL of name, value, …, NULL, URL-encoded: "/subscriptions?mode=live&view=alerts". Memory of the request. */
const char *reach_link(struct req *req, const char *path, ...) __attribute__((sentinel));
/* Adds {modes}: a link to each, with more of the address's query, and {mode}. */
void reach_modes(const struct reach *reach, struct json_object *view, const char *path);
/* Adds a choice to list: value, label, link (may be NULL), chosen. */
void reach_choice(struct json_object *list, const char *value, const char *label, const char *link, bool chosen);

/* The word for a code of the mirror's or of outreach's in the visitor's language; what is none comes back as it is, NULL as NULL. */
const char *reach_word(const struct req *req, const char *code);
/* At most `most` rows, added to view as `name`: each column as text, and besides a time also as <column>_text, an amount (<x>_minor, with
 * column currency) as <x>_text, a code as <column>_word, true as a flag. Also adds any_<name>. */
void reach_rows(struct req *req, struct json_object *view, const char *name, const PGresult *rows, int most);
/* The value of column `cursor` of the last row that is shown, when there are more; else NULL. */
const char *reach_more(const PGresult *rows, int most);

#endif
