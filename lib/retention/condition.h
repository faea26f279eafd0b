/* Conditions: one JSON language for segments and for a step's `when` (issue 4).
 *
 *     {"all": [c, …]} | {"any": [c, …]} | {"not": c} | {"fact": F, "op": O, "value": V}
 *
 * Facts and the operators that each takes stand in CONDITION_FACTS; "attribute.NAME" is a customer's own attribute. What is not known
 * is not: every comparison with it is false, so is_not and not_in are true; discounted and paused are then false. An attribute that is
 * a text, a number or a boolean is compared by its text ("true" for a boolean) and, when both sides read as decimals (up to 12 digits
 * and 6 behind the point), by its number; null, arrays and objects count as not known. Texts are compared byte by byte. */
#ifndef STOA_RETENTION_CONDITION_H
#define STOA_RETENTION_CONDITION_H

#include "pg/pg.h"
#include "text/json.h"

#define CONDITION_DEPTH 5     /* levels, a comparison being one */
#define CONDITION_NODES 60    /* comparisons, alls, anys and nots together */
#define CONDITION_ITEMS 20    /* of an all, an any, or the list of in and not_in; none is empty */
#define CONDITION_TEXT 255    /* characters of a text value */
#define CONDITION_NAME 40     /* characters of an attribute's name */
#define CONDITION_NUMBER 999999999999 /* largest whole number; negative ones only for attributes */

enum fact_kind {
	FACT_TEXT,      /* is, is_not, in, not_in, exists */
	FACT_CHOICE,    /* a text of a known list; the same */
	FACT_NUMBER,    /* whole: is, is_not, at_least, below, exists */
	FACT_FLAG,      /* is, is_not with true or false */
	FACT_ATTRIBUTE  /* all of them; values are texts, numbers or booleans */
};
/* exists takes true or false: known, or not. */

struct condition_fact {
	const char *name;     /* "attribute" stands for attribute.NAME */
	enum fact_kind kind;
	const char *choices;  /* of FACT_CHOICE: "trial|low|medium|high" */
	bool step_only;       /* not in a segment: it is known while a flow runs */
};
/* plan, region, language, currency, segment, status, interval, value (minor units a month), tenure (days), attempts (clicks on Cancel
 * of the last 30 days), discounted, paused, attribute, answer; ends with {0}. */
extern const struct condition_fact CONDITION_FACTS[];
/* The operators of a kind, "is|is_not|…". */
const char *condition_operators(enum fact_kind kind);

enum condition_use { CONDITION_SEGMENT, CONDITION_STEP };
/* ERR_INVALID names the member at fault, below `field`: "when.all[1].op". */
enum err condition_check(struct ctx *ctx, struct json_object *condition, const char *field, enum condition_use use);

/* What is known of a customer at one moment. */
struct facts {
	const char *plan, *region, *language, *currency, *segment, *status, *interval; /* NULL: not known */
	int64_t value_minor;
	int tenure_days;           /* -1: not known */
	int attempts;              /* at a click, with this one */
	bool discounted, paused;
	struct json_object *attributes; /* object or NULL */
	bool answered;             /* the survey is behind the customer; false: `answer` is still open */
	const char *answer;        /* a reason code, or NULL: skipped */
};

enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_OPEN };
/* Judges a checked condition, which may be NULL (true). TRUTH_OPEN: it depends on the answer, and *rest_out is what is left, a condition
 * over `answer` only, for the widget to judge; it shares memory with `condition` and belongs to ctx. rest_out may be NULL. */
enum truth condition_reduce(struct ctx *ctx, struct json_object *condition, const struct facts *facts, struct json_object **rest_out);

/* The customers that a checked condition (NULL: all) of CONDITION_SEGMENT holds for, as SQL over the view customer_fact:
 * "from customer_fact c where …", to follow a select list over c. Every value is a parameter; $1 is the organisation, $2 live. */
#define CONDITION_PARAMS (2 + 3 * CONDITION_NODES)
struct condition_sql {
	const char *text;
	const char *params[CONDITION_PARAMS];
	int count;
};
void condition_sql(struct ctx *ctx, struct json_object *condition, const char *org_id, bool live, struct condition_sql *sql_out);

/* A checked condition in words, "plan is “pro” and the monthly value is at least 49.00"; language "de", else English. */
void condition_words(struct json_object *condition, const char *language, struct buffer *out);

/* Whether a value from outside may be a customer's attribute: a text of at most CONDITION_TEXT characters without control characters, a
 * decimal as above, a boolean. text_out gets the text by which it is compared. */
bool attribute_fits(struct json_object *value, const char **text_out);

#endif
