/* Shared by flow_*.c only. */
#ifndef STOA_RETENTION_FLOW_PARTS_H
#define STOA_RETENTION_FLOW_PARTS_H

#include "retention/flow.h"
#include "retention/retention.h"

/* What a step's config may hold. NUMBER bounds are values; TEXT and ITEMS bounds are characters and items. */
enum config_kind {
	CONFIG_NUMBER,
	CONFIG_TEXT,
	CONFIG_FLAG,
	CONFIG_FALSE,   /* only false: a customer may always leave feedback empty */
	CONFIG_COUPON,  /* a coupon's id at Stripe */
	CONFIG_PRICE,   /* a price's id at Stripe */
	CONFIG_CURRENCY,
	CONFIG_DURATION,
	CONFIG_URL,
	CONFIG_EMAIL,
	CONFIG_MONTHS,  /* distinct numbers of months */
	CONFIG_OPTIONS  /* [{code, text}], distinct codes of Stripe's feedback values */
};

enum config_need { NEED_NOT, NEED_WISHED, NEED_REQUIRED }; /* wished: its lack is warned of */

struct config_row {
	enum step_type type;
	const char *name;
	enum config_kind kind;
	enum config_need need;
	int64_t least, most;
};
/* Ends with a NULL name. */
extern const struct config_row FLOW_CONFIG[];
const struct config_row *flow_config_row(enum step_type type, const char *name);

/* Texts of a step, the first three at its top: name, most characters, line feeds. */
enum { TEXT_TITLE, TEXT_MESSAGE, TEXT_BUTTON, TEXT_PLACEHOLDER, TEXT_COUNT };
struct flow_text { const char *name; int64_t most; bool lines; };
extern const struct flow_text FLOW_TEXTS[TEXT_COUNT];
#define OPTION_TEXT_MOST 200
#define OPTION_CODE_MOST 64

enum issue_level { ISSUE_FORM, ISSUE_ERROR, ISSUE_WARNING };

struct issues {
	struct ctx *ctx;
	struct flow_review *review;
	struct json_object *errors, *warnings;
};

/* Adds one; answers it, for more members. step -1: of the document. name: the field within the step (or the document), may be "". what: a
 * sentence that continues the field. */
struct json_object *issue_add(struct issues *issues, enum issue_level level, int step, const char *name, const char *code,
	const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Reviews one step that is a JSON value of any kind; its type where it has a known one, else STEP_COUNT. */
enum step_type step_review(struct issues *issues, int index, struct json_object *step);
/* Reviews a text: form and length; not whether it is there. */
void text_review(struct issues *issues, int step, const char *name, struct json_object *value, int64_t most, bool lines);
void number_review(struct issues *issues, int step, const char *name, struct json_object *value, int64_t least, int64_t most);
/* True when some comparison of a condition is about the answer. */
bool condition_asks_answer(struct json_object *condition);

/* Columns of a table, retention/flow_file.h. */
enum column_kind { COLUMN_STEP, COLUMN_LANGUAGE, COLUMN_TYPE, COLUMN_TEXT, COLUMN_CONFIG, COLUMN_WHEN, COLUMN_FLOW };
struct flow_column { const char *name; enum column_kind kind; };
extern const struct flow_column FLOW_COLUMNS[]; /* ends with a NULL name */
#define COLUMN_FLOW_PREFIX "flow."

/* A file that is being read. */
struct flow_file {
	struct ctx *ctx;
	struct json_object *errors;
	struct json_object *document; /* so far; belongs to ctx */
};
/* line or column 0: not known. */
void file_error(struct flow_file *file, int line, int column, const char *name, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Reads a table into file->document. */
void flow_table_read(struct flow_file *file, const char *text, char separator);

/* Appends a starter flow's step of a type to steps, or a support step without an address, or an empty one of another type; answers it. */
struct json_object *flow_starter_step(struct json_object *steps, const char *language, enum step_type type);

/* The member as an object or array, or NULL when it is none. */
struct json_object *json_object_at(struct json_object *object, const char *name);
struct json_object *json_array_at(struct json_object *object, const char *name);

/* {"language", "texts", "translated", "complete", "missing"} of the steps. */
struct json_object *language_review(struct ctx *ctx, struct json_object *steps, const char *own, const char *language);
/* Every language that some step has a translation into, sorted; "" ends it. */
#define FLOW_LANGUAGES 40
int flow_translations(struct json_object *steps, const char *languages_out[FLOW_LANGUAGES]);

#endif
