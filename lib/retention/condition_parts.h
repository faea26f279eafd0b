/* Shared by condition.c, condition_sql.c and condition_words.c only. */
#ifndef STOA_RETENTION_CONDITION_PARTS_H
#define STOA_RETENTION_CONDITION_PARTS_H

#include "retention/condition.h"

enum condition_node { NODE_ALL, NODE_ANY, NODE_NOT, NODE_COMPARE };
enum condition_op { OP_IS, OP_IS_NOT, OP_IN, OP_NOT_IN, OP_AT_LEAST, OP_BELOW, OP_EXISTS, OP_COUNT };

/* A checked comparison. */
struct compare {
	const struct condition_fact *fact;
	const char *attribute;        /* the name behind "attribute.", or NULL */
	enum condition_op op;         /* without its negation */
	bool negated;
	struct json_object *value;    /* a list for OP_IN */
};

/* Members of an all or any, or the one of a not, or the comparison itself. */
enum condition_node condition_node(struct json_object *condition, struct json_object **inner_out);
void compare_read(struct json_object *condition, struct compare *compare_out);

/* The text by which an attribute or value is compared; NULL when it is null, an array or an object. */
const char *scalar_text(struct json_object *value);
/* Whether a text reads as a decimal of up to 12 digits and 6 behind the point; millionths. As DECIMAL_PATTERN says. */
#define DECIMAL_PATTERN "^-?[0-9]{1,12}(\\.[0-9]{1,6})?$"
bool decimal_read(const char *text, int64_t *micro_out);

#endif
