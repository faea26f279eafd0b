/* What the pages of flows share. */
#ifndef STOA_PAGES_FLOW_H
#define STOA_PAGES_FLOW_H

#include "pages/page.h"
#include "retention/flow.h"

/* A code of ours and its words, an English text of the house. */
struct flow_word { const char *code, *text; };
/* In the visitor's language; the code itself when it is none of them. NULL stays NULL. */
const char *flow_word(const struct req *req, const struct flow_word *words, size_t count, const char *code);
#define FLOW_WORD(req, words, code) flow_word((req), (words), sizeof(words) / sizeof *(words), (code))

/* A flow as both pages show it, of a row of flow_get.sql, flows_list.sql or flow_list.sql: id, name, state and its words, languages, version, revision, flags. */
struct json_object *flow_view(struct req *req, const PGresult *rows, int row);
/* Adds "segments", the chosen one marked. */
void flow_segments(struct req *req, struct json_object *view, const char *chosen);
/* Adds an item {value, label, chosen} to a list. */
struct json_object *flow_choice(struct json_object *list, const char *value, const char *label, const char *chosen);

/* {code: words with {members}} for every code of a review's issues, and what a review says of one document:
 * "errors" and "warnings", each {step, text, field}, and "translations", the languages besides its own. */
struct json_object *flow_issue_texts(struct req *req);
void flow_add_issues(struct req *req, struct json_object *view, struct json_object *review, struct json_object *document);

/* The page of a flow and what view holds already, such as {error} (fcgi/pages/builder.c). */
enum err flow_page_show(struct req *req, struct rep *rep, struct json_object *view, const char *id);

/* A change that a form asks for. */
struct flow_form {
	struct req *req;
	struct audit by;
	struct flow_change change;
	struct json_object *document;
	const char *from, *until, *state;
	int64_t version;
	bool activate;
	char made[ID_TEXT]; /* the new flow's id */
};
/* id and revision may be NULL. */
void flow_form_of(struct req *req, const char *id, const char *revision, struct flow_form *form_out);
/* Runs it in a transaction, with the form as its argument; afterwards the widget shows flows as they are then. */
enum err flow_form_run(struct flow_form *form, change_work *work);

#endif
