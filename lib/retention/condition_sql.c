#include "retention/condition_parts.h"

#include <string.h>

struct writer {
	struct ctx *ctx;
	struct buffer text;
	struct condition_sql *sql;
};

static void param(struct writer *writer, const char *type, const char *value)
{
	writer->sql->params[writer->sql->count++] = value;
	buffer_printf(&writer->text, "$%d::%s", writer->sql->count, type);
}

/* A list's values as an array parameter; of numbers only those that read as one. */
static void param_list(struct writer *writer, const struct compare *compare, bool numbers)
{
	const char *items[CONDITION_ITEMS];
	int64_t micro;
	int count = 0;

	for (size_t i = 0; i < json_object_array_length(compare->value); i++) {
		const char *text = scalar_text(json_object_array_get_idx(compare->value, i));

		if (!numbers || decimal_read(text, &micro))
			items[count++] = text;
	}
	param(writer, numbers ? "numeric[]" : "text[]", pg_array(writer->ctx, items, count));
}

static void equal_to(struct writer *writer, const struct compare *compare, bool numbers)
{
	if (compare->op == OP_IN) {
		buffer_text(&writer->text, " = any(");
		param_list(writer, compare, numbers);
		buffer_char(&writer->text, ')');
		return;
	}
	buffer_text(&writer->text, " = ");
	param(writer, numbers ? "numeric" : "text", scalar_text(compare->value));
}

/* What the comparison is made with, once: the same parameter twice. */
static void param_attribute(struct writer *writer, const char *name)
{
	buffer_text(&writer->text, " from (select case when jsonb_typeof(c.attributes -> ");
	param(writer, "text", name);
	buffer_printf(&writer->text, ") in ('string', 'number', 'boolean') then c.attributes ->> $%d::text end as text) a)", writer->sql->count);
}

static bool names_number(const struct compare *compare)
{
	int64_t micro;

	if (compare->op != OP_IN)
		return decimal_read(scalar_text(compare->value), &micro);
	for (size_t i = 0; i < json_object_array_length(compare->value); i++)
		if (decimal_read(scalar_text(json_object_array_get_idx(compare->value, i)), &micro))
			return true;
	return false;
}

#define NUMBER "case when a.text ~ '" DECIMAL_PATTERN "' then a.text::numeric end"

static void attribute_compare(struct writer *writer, const struct compare *compare)
{
	struct buffer *text = &writer->text;

	buffer_text(text, "(select ");
	switch (compare->op) {
	case OP_EXISTS:
		buffer_text(text, json_object_get_boolean(compare->value) ? "a.text is not null" : "a.text is null");
		break;
	case OP_AT_LEAST:
	case OP_BELOW:
		buffer_text(text, compare->op == OP_AT_LEAST ? NUMBER " >= " : NUMBER " < ");
		param(writer, "numeric", scalar_text(compare->value));
		break;
	default:
		buffer_text(text, "a.text");
		equal_to(writer, compare, false);
		if (names_number(compare)) {
			buffer_text(text, " or coalesce(" NUMBER);
			equal_to(writer, compare, true);
			buffer_text(text, ", false)");
		}
	}
	param_attribute(writer, compare->attribute);
}

static void column_compare(struct writer *writer, const struct compare *compare)
{
	struct buffer *text = &writer->text;
	bool number = compare->fact->kind == FACT_NUMBER;

	/* A name out of CONDITION_FACTS, and a column of the view. */
	buffer_printf(text, "c.\"%s\"", compare->fact->name);
	if (compare->op == OP_EXISTS) {
		buffer_text(text, json_object_get_boolean(compare->value) ? " is not null" : " is null");
	} else if (compare->fact->kind == FACT_FLAG) {
		buffer_text(text, json_object_get_boolean(compare->value) ? " is true" : " is not true");
	} else if (number) {
		buffer_text(text, compare->op == OP_IS ? " = " : compare->op == OP_AT_LEAST ? " >= " : " < ");
		param(writer, "bigint", scalar_text(compare->value));
	} else {
		equal_to(writer, compare, false);
	}
}

static void compare_write(struct writer *writer, struct json_object *condition)
{
	struct compare compare;

	compare_read(condition, &compare);
	buffer_text(&writer->text, compare.negated ? "not coalesce(" : "coalesce(");
	if (compare.attribute)
		attribute_compare(writer, &compare);
	else
		column_compare(writer, &compare);
	buffer_text(&writer->text, ", false)");
}

static void node_write(struct writer *writer, struct json_object *condition)
{
	struct json_object *inner;
	enum condition_node node = condition_node(condition, &inner);

	if (node == NODE_COMPARE) {
		compare_write(writer, condition);
		return;
	}
	buffer_text(&writer->text, node == NODE_NOT ? "not (" : "(");
	if (node == NODE_NOT)
		node_write(writer, inner);
	for (size_t i = 0; node != NODE_NOT && i < json_object_array_length(inner); i++) {
		if (i)
			buffer_text(&writer->text, node == NODE_ALL ? " and " : " or ");
		node_write(writer, json_object_array_get_idx(inner, i));
	}
	buffer_char(&writer->text, ')');
}

void condition_sql(struct ctx *ctx, struct json_object *condition, const char *org_id, bool live, struct condition_sql *sql_out)
{
	struct writer writer = {ctx, {0}, sql_out};

	sql_out->count = 0;
	buffer_text(&writer.text, "from customer_fact c where c.org_id = ");
	param(&writer, "uuid", org_id);
	buffer_text(&writer.text, " and c.live = ");
	param(&writer, "boolean", pg_bool(live));
	if (condition) {
		buffer_text(&writer.text, " and ");
		node_write(&writer, condition);
	}
	sql_out->text = arena_memdup(&ctx->arena, writer.text.data, writer.text.length);
	buffer_free(&writer.text);
}
